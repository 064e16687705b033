//! The trained weights: one row of small integers for each feature.
//!
//! File format: `CSM1`, log2 of the rows, number of heads, for each head its scale and bias (f32,
//! little endian), then for each row one signed byte per head. Weight = byte × scale of its head.

use super::{HEADS, features};

const MAGIC: &[u8; 4] = b"CSM1";
/// Bytes of a row in memory; a power of two, so that a row stays in one line of the cache.
const WIDTH: usize = 16;

/// Why a model file is refused.
#[derive(Debug, thiserror::Error)]
#[error(
    "the model file is damaged or of another version ({0}); train it again with `cargo run --release -p classify --example train`"
)]
pub struct ModelError(&'static str);

/// The weights of a trained model.
#[derive(Clone)]
pub struct Table {
    rows: Vec<[i8; WIDTH]>,
    scale: [f32; HEADS],
    bias: [f32; HEADS],
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Table({} rows)", self.rows.len())
    }
}

impl Table {
    /// Rounds weights (`rows × heads`) to bytes.
    #[must_use]
    pub fn round(weights: &[[f32; HEADS]], bias: [f32; HEADS]) -> Self {
        let mut scale = [0.0_f32; HEADS];
        for row in weights {
            for (most, weight) in scale.iter_mut().zip(row) {
                *most = most.max(weight.abs());
            }
        }
        for most in &mut scale {
            *most = (*most / 127.0).max(f32::MIN_POSITIVE);
        }
        let rows = weights
            .iter()
            .map(|row| {
                let mut bytes = [0_i8; WIDTH];
                for head in 0..HEADS {
                    #[allow(clippy::cast_possible_truncation)] // at most 127 by the scale
                    let byte = (row[head] / scale[head]).round() as i8;
                    bytes[head] = byte;
                }
                bytes
            })
            .collect();
        Self { rows, scale, bias }
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// [`ModelError`] when the bytes are none.
    pub fn read(bytes: &[u8]) -> Result<Self, ModelError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(ModelError("no model"))?;
        let ([bits, heads], rest) =
            rest.split_first_chunk::<2>().ok_or(ModelError("it ends early"))?;
        if u32::from(*bits) != features::BITS || usize::from(*heads) != HEADS {
            return Err(ModelError("other features"));
        }
        let (numbers, rows) =
            rest.split_at_checked(HEADS * 8).ok_or(ModelError("it ends early"))?;
        if rows.len() != features::ROWS * HEADS {
            return Err(ModelError("it has another length"));
        }
        let mut table = Self {
            rows: Vec::with_capacity(features::ROWS),
            scale: [0.0; HEADS],
            bias: [0.0; HEADS],
        };
        for (head, pair) in numbers.chunks_exact(8).enumerate() {
            let number = |bytes: &[u8]| bytes.try_into().map_or(0.0, f32::from_le_bytes);
            table.scale[head] = number(&pair[..4]);
            table.bias[head] = number(&pair[4..]);
        }
        if table.scale.iter().chain(&table.bias).any(|number| !number.is_finite()) {
            return Err(ModelError("a number is none"));
        }
        table.rows.extend(rows.chunks_exact(HEADS).map(|row| {
            let mut bytes = [0_i8; WIDTH];
            for (byte, stored) in bytes.iter_mut().zip(row) {
                *byte = i8::from_le_bytes([*stored]);
            }
            bytes
        }));
        Ok(table)
    }

    /// The bytes of a model file.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        #[allow(clippy::cast_possible_truncation)] // 18 and 13
        bytes.extend_from_slice(&[features::BITS as u8, HEADS as u8]);
        for head in 0..HEADS {
            bytes.extend_from_slice(&self.scale[head].to_le_bytes());
            bytes.extend_from_slice(&self.bias[head].to_le_bytes());
        }
        for row in &self.rows {
            bytes.extend(row[..HEADS].iter().flat_map(|byte| byte.to_le_bytes()));
        }
        bytes
    }

    /// The logits of a sentence.
    #[must_use]
    pub fn scores(&self, features: &[features::Feature]) -> [f32; HEADS] {
        let sums = self.sums(features);
        std::array::from_fn(|head| sums[head] + self.bias[head])
    }

    /// What features add to the logits.
    #[must_use]
    pub fn sums(&self, features: &[features::Feature]) -> [f32; HEADS] {
        let mut sums = [0.0_f32; WIDTH];
        for (row, value) in features {
            let row = &self.rows[*row as usize & (features::ROWS - 1)];
            for (sum, byte) in sums.iter_mut().zip(row) {
                *sum += value * f32::from(*byte);
            }
        }
        std::array::from_fn(|head| sums[head] * self.scale[head])
    }
}
