use super::*;
use proptest::prelude::*;

#[test]
fn a_person_sees_only_what_is_shown() {
    for (html, seen) in [
        ("<p>Прошу&nbsp;удалить <b>мои</b> данные</p>", "Прошу удалить мои данные"),
        ("a<br>b<div>c</div>d", "a\nb\nc\nd"),
        ("a<br><br>b", "a\n\nb"),
        ("<style>p{}</style><script>1<2</script>x", "x"),
        ("<div style=\"Display: none\">no<div>no</div></div>yes", "yes"),
        ("<span hidden>no</span>yes", "yes"),
        ("1 < 2 &amp; 3 &gt; 2 &unknown; &", "1 < 2 & 3 > 2 &unknown; &"),
        ("<!-- c --><a href='x>y'>link</a>", "link"),
        ("new<blockquote>old<br>older</blockquote>", "new\n> old\n> older"),
        (
            "<div class=\"gmail_quote\">On … wrote:<blockquote>x</blockquote></div>",
            "> On … wrote:\n> > x",
        ),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("<head><title>t</title>", ""),
        ("<PRE>a\n\n b</PRE>", "a\n\nb"),
        ("<div style='white-space:pre-wrap'>a\nb</div>", "a\nb"),
        ("a<hr>b", "a\n________________________________\nb"),
        ("del\u{200b}ete m\u{ad}y data", "delete my data"),
    ] {
        assert_eq!(visible_text(html), seen, "{html}");
    }
}

#[test]
fn hidden_text_is_left_out_and_said() {
    for hidden in [
        "<div style='display:none'>@</div>",
        "<div style='DISPLAY : none !important;'>@</div>",
        "<div style='display:/* x */none'>@</div>",
        "<div style='display&#58;none'>@</div>",
        "<div style='visibility: hidden'>@</div>",
        "<span style='font-size:0px'>@</span>",
        "<span style='font-size: 0'>@</span>",
        "<span style='font-size:1px;color:#fff'>@</span>",
        "<span style='opacity:0'>@</span>",
        "<div style='max-height:0;overflow:hidden'>@</div>",
        "<div style='height:0px; overflow: hidden'>@</div>",
        "<div style='position:absolute;left:-9999px'>@</div>",
        "<div style='text-indent:-9999px'>@</div>",
        "<td bgcolor=white><font color=white>@</font></td>",
        "<td bgcolor='#336699'><span style='color:rgb(51, 102, 153)'>@</span></td>",
        "<div style='background:#eee;color:#eeeeee'>@</div>",
        "<span style='color:transparent'>@</span>",
        "<style>.pre { display: none }</style><p class='x pre'>@</p>",
        "<head><style>#pre{font-size:0}</style></head><p id=pre>@</p>",
        "<!--[if mso]><p>@</p><![endif]-->",
        "<template>@</template>",
    ] {
        let html =
            format!("<div>seen {} as well</div>", hidden.replace('@', "what nobody here can see"));
        let page = read(&html);
        let words: Vec<&str> = page.text.split_whitespace().collect();
        assert_eq!(words, ["seen", "as", "well"], "{hidden}");
        let is_no_text = hidden.starts_with("<!--") || hidden.starts_with("<template");
        assert_eq!(page.hides_text, !is_no_text, "{hidden}");
    }
    assert!(read("<p style='display:none'>a secret line of many words</p>").hides_text);
    assert!(!read("<p style='display:none'>&zwnj;</p>").hides_text);
}

#[test]
fn what_only_looks_hidden_is_shown() {
    for html in [
        "<td bgcolor=black><span style='color:#fff'>seen</span></td>",
        "<div style='background:url(x.png)'><b style='color:white'>seen</b></div>",
        "<style>.a{background:red}</style><p class=a><b style='color:white'>seen</b></p>",
        "<div style='max-height:0'>seen</div>",
        "<div style='font-size:0.9em'>seen</div>",
        "<div style='mso-hide:all'>seen</div>",
        "<![if !mso]><p>seen</p><![endif]>",
        "<!--><p>seen</p><!-- -->",
        "<style>@media print{.a{display:none}}</style><p class=a>seen</p>",
        "<div style='opacity:0.9'>seen</div>",
        "<td style='font-size:0px;padding:0'><div style='font-size:13px'>seen</div></td>",
        "<td style='font-size:0'><font size=2>seen</font></td>",
        "<div style='visibility:hidden'><b style='visibility:visible'>seen</b></div>",
        "<div style='color:transparent'><b style='color:#333'>seen</b></div>",
        "<div style='background:#fff;color:#fff'><b style='color:#333'>seen</b></div>",
        "<style>.m{display:none}.w{font-size:0} .m{display:block}</style><p class=m>seen</p>",
        "<style>.t{font-size:12px}</style><p style='font-size:0'><b class=t>seen</b></p>",
        "<span style='color:#FFFFFF'>seen</span>",
        "<head><title>t</title><body><p>seen</p>",
        "<html><head><meta charset=utf-8><p>seen</p><header></header>",
        "<svg width=1><path d=''><p>seen</p>",
        "<object data=x><p>seen</p>",
        "<!-- c --!><p>seen</p>",
        "<style>p{}</styled></style >seen",
    ] {
        assert_eq!(visible_text(html), "seen", "{html}");
    }
}

#[test]
fn quotes_of_the_usual_programs_keep_their_marks() {
    for (html, seen) in [
        (
            "<div style='border:none;border-left:solid blue 1.5pt;padding:0cm'><p><b>From:</b> \
             old</div>",
            "> From: old",
        ),
        (
            "On Monday Anna wrote:<div style='border-left:1px solid'>old</div>",
            "On Monday Anna wrote:\n> old",
        ),
        ("From the site<div style='border-left:4px solid #07a'>mine</div>", "From the site\nmine"),
        ("<blockquote type=cite>old</blockquote>new", "> old\nnew"),
        ("<div class='yahoo_quoted'>old</div>", "> old"),
        ("<blockquote style='margin:0 0 0 40px;border:none;padding:0px'>mine</blockquote>", "mine"),
        (
            "see below<div class='gmail_quote'><div class='gmail_attr'>---------- Forwarded \
             message ---------<br></div>please delete</div>",
            "see below\n---------- Forwarded message ---------\nplease delete",
        ),
        ("<div style='border-left:none'>mine</div>", "mine"),
    ] {
        assert_eq!(visible_text(html), seen, "{html}");
    }
}

#[test]
fn an_end_is_found_behind_many_elements_without_one() {
    for piece in ["<p>old", "<b>old", "<li>old", "<font color=red>"] {
        let html = format!("<blockquote>{}</blockquote>mine", piece.repeat(70));
        let text = visible_text(&html);
        assert!(text.lines().last().is_some_and(|line| line == "mine"), "{piece} {text}");
        let html = format!("<div style='display:none'>{}</div>mine", piece.repeat(70));
        assert_eq!(visible_text(&html), "mine", "{piece}");
    }
}

#[test]
fn a_picture_in_an_attribute_is_no_text() {
    for size in [100_000, 3_000_000] {
        let data = "iVBORw0KGgo+".repeat(size / 12);
        let html = format!("<p>Hello<img src=\"data:image/png;base64,{data}\">please delete");
        let page = shortened(html.as_bytes(), 1024 * 1024);
        assert_eq!(visible_text(&String::from_utf8_lossy(&page)), "Helloplease delete");
        assert_eq!(page.len() < html.len(), size > 1_000_000);
    }
}

#[test]
fn deep_nesting_costs_neither_stack_nor_much_time() {
    let html = format!("{}x{}", "<div>".repeat(200_000), "</div>".repeat(200_000));
    assert_eq!(visible_text(&html), "x");
    assert_eq!(visible_text(&"<".repeat(100_000)).len(), 100_000);
    // Each of these made the work grow with the square of the size.
    for piece in [
        "<a ='>'",
        "<a ='>' b=\">\"",
        "<p><b>",
        "</b>",
        "<title></x>",
        "<a =\"",
        "<a",
        "<!--",
        "</",
        "<style>",
        "&",
        "<p style=\"",
        "<b class='",
    ] {
        let _ = visible_text(&format!("{}>", piece.repeat(100_000)));
    }
}

proptest! {
    #[test]
    fn any_text_is_walked_without_a_panic(
        html in "(<|>|</|<!--|-->|&[a-z#0-9]{0,5};|<div style=\"|color:#[0-9я]{0,6};|font-size:|\"|script|head|style|\\{|\\}|я|[ a-z=']){0,60}"
    ) {
        let _ = read(&html);
    }
}
