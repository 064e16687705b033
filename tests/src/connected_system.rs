//! A connected system as its builders would write it: takes signed calls, acts once on each, and
//! answers; with a script of faults for tests. The protocol is told in docs/connected-systems.md.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    io::{BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use anyhow::{Context as _, Result};
use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// How one call is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// It is done: 200.
    Done,
    /// It will be done: 202.
    Accepted,
    /// Another status, without acting.
    Status(u16),
    /// The system acts, and the answer is lost.
    ActsAndHangsUp,
    /// The system acts, and goes on without an answer until the caller gives up.
    ActsAndIsSilent,
    /// A redirect to the same place.
    Redirect,
    /// 200 and more bytes than anybody should read.
    Huge,
    /// 200 and a page of something that stands in front of the system.
    Page,
}

/// A call as it came in.
#[derive(Debug, Clone)]
pub struct Taken {
    /// Its id.
    pub id: String,
    /// The body.
    pub body: Value,
    /// Whether the signature was right and of now.
    pub signed: bool,
}

/// What the system knows.
#[derive(Debug, Default)]
pub struct Memory {
    /// Every call that came in, in order.
    pub taken: Vec<Taken>,
    /// What was last done with a person, by address: `block`, `destroy` …
    pub people: BTreeMap<String, String>,
    /// What it holds of people, by address: what it answers to `access`.
    pub holds: BTreeMap<String, Value>,
    /// How often something was really done.
    pub acts: usize,
    /// It says to everything that it is done, and nothing else.
    is_simple: bool,
    script: VecDeque<Reply>,
    /// By id.
    done: HashSet<String>,
    /// The greatest sequence that was done, by address.
    newest: HashMap<String, u64>,
}

/// A running system on loopback; it runs until the process ends.
#[derive(Clone)]
pub struct ConnectedSystem {
    address: SocketAddr,
    secrets: Arc<Mutex<Vec<String>>>,
    memory: Arc<Mutex<Memory>>,
    now: Arc<dyn Fn() -> i64 + Send + Sync>,
}

impl std::fmt::Debug for ConnectedSystem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectedSystem").field("address", &self.address).finish_non_exhaustive()
    }
}

impl ConnectedSystem {
    /// Starts it on a free port. `now` is its clock, in seconds since 1970.
    ///
    /// # Errors
    /// When there is no port.
    pub fn start(secret: &str, now: impl Fn() -> i64 + Send + Sync + 'static) -> Result<Self> {
        Self::on("127.0.0.1:0", secret, now)
    }

    /// Starts it on an address.
    ///
    /// # Errors
    /// When the address is taken.
    pub fn on(
        address: &str,
        secret: &str,
        now: impl Fn() -> i64 + Send + Sync + 'static,
    ) -> Result<Self> {
        let listener = TcpListener::bind(address).context("no port")?;
        let system = Self {
            address: listener.local_addr()?,
            secrets: Arc::new(Mutex::new(vec![secret.to_owned()])),
            memory: Arc::default(),
            now: Arc::new(now),
        };
        let own = system.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = own.clone();
                // A caller that breaks off is no fault of the system.
                thread::spawn(move || own.talk(stream).ok());
            }
        });
        Ok(system)
    }

    /// Where calls go.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/privacy-calls", self.address)
    }

    /// The next calls are answered so; after them all are done.
    pub fn plan(&self, replies: &[Reply]) {
        self.memory().script.extend(replies);
    }

    /// From now on it says to everything that it is done, as one does that knows no `access`.
    pub fn answers_done_to_everything(&self) {
        self.memory().is_simple = true;
    }

    /// From now on only this secret is known.
    pub fn change_secret(&self, secret: &str) {
        *self.secrets.lock().unwrap_or_else(PoisonError::into_inner) = vec![secret.to_owned()];
    }

    /// What it knows.
    pub fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn talk(&self, mut stream: TcpStream) -> Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        loop {
            let Some((headers, body)) = read_request(&mut reader)? else { return Ok(()) };
            let (reply, known, done) = self.take(&headers, &body)?;
            let done = done.to_string();
            let answer = match reply {
                _ if !known => response(401, "Unauthorized", "", "{}"),
                Reply::Done => response(200, "OK", "", &done),
                Reply::Accepted => {
                    response(202, "Accepted", "", &json!({ "status": "accepted" }).to_string())
                }
                Reply::Status(status) => response(status, "As Scripted", "", "{}"),
                Reply::ActsAndHangsUp => return Ok(()),
                Reply::ActsAndIsSilent => {
                    // Until the caller closes.
                    let mut rest = [0; 1];
                    let _ = stream.read(&mut rest);
                    return Ok(());
                }
                Reply::Redirect => {
                    let to = format!("Location: {}\r\n", self.url());
                    response(307, "Temporary Redirect", &to, "{}")
                }
                Reply::Huge => response(200, "OK", "", &" ".repeat(1 << 20)),
                Reply::Page => response(200, "OK", "", "<html>Welcome to the hotel</html>"),
            };
            stream.write_all(answer.as_bytes())?;
        }
    }

    /// Takes a call: how it is answered, whether it is signed by us, and what says that it is done.
    fn take(&self, headers: &HashMap<String, String>, body: &[u8]) -> Result<(Reply, bool, Value)> {
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let header = |name: &str| headers.get(name).map(String::as_str).unwrap_or_default();
        let (id, sent) = (header("webhook-id"), header("webhook-timestamp"));
        let signed = secrets
            .iter()
            .any(|secret| is_signed(secret, id, sent, header("webhook-signature"), body))
            && sent.parse::<i64>().is_ok_and(|sent| sent.abs_diff((self.now)()) <= 300);
        let body: Value = serde_json::from_slice(body)?;
        let mut memory = self.memory();
        memory.taken.push(Taken { id: id.to_owned(), body: body.clone(), signed });
        if !signed {
            return Ok((Reply::Done, false, Value::Null));
        }
        let reply = memory.script.pop_front().unwrap_or(Reply::Done);
        let acts = match reply {
            Reply::Done | Reply::ActsAndHangsUp | Reply::ActsAndIsSilent => true,
            Reply::Accepted | Reply::Status(_) | Reply::Redirect | Reply::Huge | Reply::Page => {
                false
            }
        };
        if acts {
            memory.act(id, &body);
        }
        let done = memory.done(&body);
        Ok((reply, true, done))
    }
}

impl Memory {
    /// Acts once on each id, and for nobody on a call that is older than one that was done.
    fn act(&mut self, id: &str, body: &Value) {
        if !self.done.insert(id.to_owned()) {
            return;
        }
        self.acts += 1;
        let act = body["act"].as_str().unwrap_or_default().to_owned();
        if act == "access" {
            // A question: nothing is done with anybody.
            return;
        }
        let sequence = body["sequence"].as_u64().unwrap_or(0);
        for email in body["person"]["emails"].as_array().into_iter().flatten() {
            let email = email.as_str().unwrap_or_default().to_owned();
            let newest = self.newest.entry(email.clone()).or_default();
            if sequence >= *newest {
                *newest = sequence;
                self.people.insert(email, act.clone());
            }
        }
    }
}

impl Memory {
    /// The words that say that a call is done; to `access` with what is held.
    fn done(&self, body: &Value) -> Value {
        if body["act"] != "access" || self.is_simple {
            return json!({ "status": "done" });
        }
        let mut emails = body["person"]["emails"].as_array().into_iter().flatten();
        let held = emails.find_map(|email| self.holds.get(email.as_str()?));
        json!({ "status": "done", "data": held })
    }
}

fn response(status: u16, word: &str, more: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} {word}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{more}\r\n{body}",
        body.len()
    )
}

/// Headers (names in lower case) and body of a request.
type Request = (HashMap<String, String>, Vec<u8>);

/// `None` when the caller closed.
fn read_request(reader: &mut impl std::io::BufRead) -> Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end();
        let Some((name, value)) = line.split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    Ok(Some((headers, body)))
}

fn key_of(secret: &str) -> hmac::Key {
    let bytes = STANDARD.decode(secret.trim_start_matches("whsec_")).unwrap_or_default();
    hmac::Key::new(hmac::HMAC_SHA256, &bytes)
}

fn is_signed(secret: &str, id: &str, sent: &str, given: &str, body: &[u8]) -> bool {
    let words = [id.as_bytes(), b".", sent.as_bytes(), b".", body].concat();
    let tags = given.split(' ').filter_map(|one| one.strip_prefix("v1,"));
    let mut tags = tags.filter_map(|tag| STANDARD.decode(tag).ok());
    tags.any(|tag| hmac::verify(&key_of(secret), &words, &tag).is_ok())
}

/// The header `webhook-signature` of a message of ours.
#[must_use]
pub fn signature(secret: &str, id: &str, sent: i64, body: &str) -> String {
    let words = format!("{id}.{sent}.{body}");
    format!("v1,{}", STANDARD.encode(hmac::sign(&key_of(secret), words.as_bytes())))
}
