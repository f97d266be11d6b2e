//! Addresses of this service: which are for people, and which somebody is sent back to, never one of another site.

use axum::http::{Method, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Letters of an address, at most.
const LONGEST: usize = 2_000;

/// Addresses that programs ask for: they are told as programs are, whoever asks.
const OF_PROGRAMS: [&str; 5] = ["/api/", "/v2", "/metrics", "/openapi.json", "/assets/"];

/// Whether an address is one of those that people go to.
pub fn is_for_people(path: &str) -> bool {
    !OF_PROGRAMS.iter().any(|begin| path.starts_with(begin))
}

/// Where one signs in who wanted to see an address, and is sent back to it then.
pub fn login_to(method: &Method, wanted: &Uri) -> String {
    let wanted = wanted
        .path_and_query()
        .map_or("/", |wanted| wanted.as_str());
    match (method == Method::GET, own(wanted)) {
        (true, own) if own != "/" => {
            format!("/login?next={}", utf8_percent_encode(own, NON_ALPHANUMERIC))
        }
        _ => "/login".to_owned(),
    }
}

/// An address if it is a path of this service, as browsers read it, and else the first page.
pub fn own(wanted: &str) -> &str {
    let begins = wanted.starts_with('/');
    // Browsers read \ as /, and leave out tabs and line breaks: two of them at the beginning are another site.
    let is_plain = wanted
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let is_another = wanted.starts_with("//");
    match begins && is_plain && !is_another && wanted.len() <= LONGEST {
        true => wanted,
        false => "/",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_service_are_gone_back_to() {
        for good in [
            "/",
            "/history?station=a&order=score",
            "/stations/a/setup",
            "/a//b",
            "/a?b=//c",
            "/a:b@c",
        ] {
            assert_eq!(own(good), good);
        }
        for wrong in [
            "",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "/\t/evil.example",
            "http://evil.example",
            "https:evil.example",
            "javascript:alert(1)",
            "evil.example",
            " /",
            "/\n/evil.example",
            "/a b",
            "/é",
            "/\0",
            "\u{2028}/",
        ] {
            assert_eq!(own(wrong), "/", "{wrong:?}");
        }
        assert_eq!(own(&format!("/{}", "a".repeat(3_000))), "/");
    }

    #[test]
    fn whatever_is_wanted_begins_with_one_slash() {
        // Letters that mean something to who reads addresses, in all orders of five.
        let letters = [
            '/', '\\', '\t', '\n', ':', '@', '.', 'e', '?', '#', '%', ' ',
        ];
        let count = letters.len();
        for number in 0..count.pow(5) {
            let mut rest = number;
            let text: String = (0..5)
                .map(|_| {
                    let letter = letters[rest % count];
                    rest /= count;
                    letter
                })
                .collect();
            let own = own(&text);
            assert!(own.starts_with('/') && !own.starts_with("//"), "{text:?}");
            assert!(!own.contains(['\\', '\t', '\n', ' ']), "{text:?}");
        }
    }

    #[test]
    fn who_signs_in_is_sent_back_to_what_was_wanted() {
        let to = |method, wanted: &str| login_to(&method, &wanted.parse().unwrap());
        assert_eq!(
            to(Method::GET, "/history?a=b&c"),
            "/login?next=%2Fhistory%3Fa%3Db%26c"
        );
        assert_eq!(to(Method::GET, "/"), "/login");
        assert_eq!(to(Method::POST, "/account"), "/login");
    }
}
