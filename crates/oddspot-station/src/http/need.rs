//! What a route needs of who asks: it is written once, beside the route.

use crate::history::{Role, TokenRole};

/// What a route needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// Of people, at least.
    pub people: Option<Role>,
    /// Of programs, one of these.
    pub tokens: &'static [TokenRole],
    /// Whether it needs nothing at all.
    pub is_open: bool,
    /// Whether it is there for whoever must change the password first.
    pub is_for_all_signed_in: bool,
}

impl Need {
    /// Nothing: it tells nothing of what was judged.
    pub const NOTHING: Self = Self {
        people: None,
        tokens: &[],
        is_open: true,
        is_for_all_signed_in: true,
    };
    /// That somebody is signed in.
    pub const SIGNED_IN: Self = Self {
        is_for_all_signed_in: true,
        ..Self::OPERATOR
    };
    /// People of the line.
    pub const OPERATOR: Self = Self::of(Some(Role::Operator), &[]);
    /// People who set stations up.
    pub const ENGINEER: Self = Self::of(Some(Role::Engineer), &[]);
    /// People who say who may do what.
    pub const ADMIN: Self = Self::of(Some(Role::Admin), &[]);
    /// People of the line, and programs that read.
    pub const READ: Self = Self::of(Some(Role::Operator), &[TokenRole::Reader]);
    /// People who set stations up, and programs that read.
    pub const READ_SET_UP: Self = Self::of(Some(Role::Engineer), &[TokenRole::Reader]);
    /// Also programs that send: of what they sent.
    pub const READ_OWN: Self = Self::of(
        Some(Role::Operator),
        &[TokenRole::Reader, TokenRole::Machine],
    );
    /// Programs that send images, and people who set stations up and try them.
    pub const SEND: Self = Self::of(Some(Role::Engineer), &[TokenRole::Machine]);
    /// Programs that send images as the Open Inference Protocol has them.
    pub const INFER: Self = Self::of(None, &[TokenRole::Machine]);

    const fn of(people: Option<Role>, tokens: &'static [TokenRole]) -> Self {
        Self {
            people,
            tokens,
            is_open: false,
            is_for_all_signed_in: false,
        }
    }

    /// Who may, in words.
    pub fn words(self) -> String {
        let people = self.people.map(|role| match role {
            Role::Operator => "people who are signed in".to_owned(),
            Role::Engineer => "people with the role engineer or admin".to_owned(),
            Role::Admin => "people with the role admin".to_owned(),
        });
        let tokens = self
            .tokens
            .iter()
            .map(|role| format!("tokens with the role {}", role.word()));
        let all: Vec<String> = people.into_iter().chain(tokens).collect();
        all.join(", and ")
    }
}
