//! Users, sessions, tokens, and who did what.

use jiff::SignedDuration;

use super::places::on_each_database;
use super::*;

const LIMITS: [SignedDuration; 2] = [
    SignedDuration::from_hours(12),
    SignedDuration::from_hours(168),
];

fn user(name: &str, role: Role) -> NewUser {
    NewUser {
        name: name.to_owned(),
        role,
        password: format!("hash of {name}"),
        is_to_change: false,
    }
}

fn by(name: &str) -> Actor {
    Actor {
        kind: ActorKind::User,
        name: Some(name.to_owned()),
        address: Some("::1".to_owned()),
    }
}

on_each_database!(there_is_an_admin_as_long_as_there_are_users);
async fn there_is_an_admin_as_long_as_there_are_users(place: &Place) {
    let history = opened(place).await;
    let terminal = Actor::terminal();
    assert!(!history.has_users().await.unwrap());
    let bert = user("bert", Role::Engineer);
    let refused = history.add_user(&bert, &terminal);
    assert_eq!(refused.await.unwrap_err().kind(), Kind::Mismatch);
    for (name, role) in [("anna", Role::Admin), ("bert", Role::Engineer)] {
        history
            .add_user(&user(name, role), &terminal)
            .await
            .unwrap();
    }
    assert!(
        history
            .add_user(&user("bert", Role::Admin), &terminal)
            .await
            .is_err()
    );
    assert!(history.remove_user("anna", &terminal).await.is_err());
    assert!(
        history
            .set_role("anna", Role::Engineer, &terminal)
            .await
            .is_err()
    );
    history
        .set_role("bert", Role::Admin, &terminal)
        .await
        .unwrap();
    history
        .set_role("anna", Role::Operator, &by("bert"))
        .await
        .unwrap();
    let users = history.users().await.unwrap();
    let roles: Vec<Role> = users.iter().map(|user| user.role).collect();
    assert_eq!(roles, [Role::Operator, Role::Admin]);
    for name in ["anna", "bert"] {
        history.remove_user(name, &by("bert")).await.unwrap();
    }
    assert!(!history.has_users().await.unwrap());
    let missing = history.remove_user("anna", &terminal).await.unwrap_err();
    assert_eq!(missing.kind(), Kind::NotFound);
}

on_each_database!(a_session_ends_with_its_password_and_none_begins_by_an_old_one);
async fn a_session_ends_with_its_password_and_none_begins_by_an_old_one(place: &Place) {
    let history = opened(place).await;
    history
        .add_user(&user("anna", Role::Admin), &Actor::terminal())
        .await
        .unwrap();
    let begin = |id: &'static str, password: &'static str| {
        let history = &history;
        async move {
            let by = by("anna");
            history
                .begin_session(id, "anna", password, LIMITS, &by)
                .await
                .unwrap()
        }
    };
    assert!(begin("s1", "hash of anna").await);
    let session = history.session("s1").await.unwrap().unwrap();
    assert_eq!((session.user.as_str(), session.role), ("anna", Role::Admin));
    assert!(history.users().await.unwrap()[0].signed_in.is_some());
    history
        .set_password("anna", "another", true, &by("anna"))
        .await
        .unwrap();
    assert!(history.session("s1").await.unwrap().is_none());
    assert!(!begin("s2", "hash of anna").await);
    assert!(history.session("s2").await.unwrap().is_none());
    assert!(begin("s3", "another").await && begin("s4", "another").await);
    assert!(history.session("s3").await.unwrap().unwrap().is_to_change);
    history.end_session("s3", &by("anna")).await.unwrap();
    assert!(history.session("s3").await.unwrap().is_none());
    // One that nobody used for long goes when another begins.
    let long_ago = Timestamp::now() - SignedDuration::from_hours(13);
    history.see_session("s4", long_ago).await.unwrap();
    assert!(begin("s5", "another").await);
    assert!(history.session("s4").await.unwrap().is_none());
    history.remove_user("anna", &by("anna")).await.unwrap();
    assert!(history.session("s5").await.unwrap().is_none());
}

on_each_database!(a_token_is_known_by_its_hash_alone);
async fn a_token_is_known_by_its_hash_alone(place: &Place) {
    let history = opened(place).await;
    let terminal = Actor::terminal();
    let add = |name: &'static str, role, station| {
        let (history, terminal) = (&history, &terminal);
        async move {
            let hash = format!("hash of {name}");
            history
                .add_token(name, role, station, &hash, terminal)
                .await
        }
    };
    add("camera", TokenRole::Machine, Some("top"))
        .await
        .unwrap();
    assert!(add("camera", TokenRole::Reader, None).await.is_err());
    assert!(add("reader", TokenRole::Reader, Some("top")).await.is_err());
    let token = history.token_of("hash of camera").await.unwrap().unwrap();
    assert_eq!((token.station.as_deref(), token.used), (Some("top"), None));
    assert!(history.token_of("camera").await.unwrap().is_none());
    history.use_token("camera", Timestamp::now()).await.unwrap();
    assert!(history.tokens().await.unwrap()[0].used.is_some());
    history.remove_token("camera", &terminal).await.unwrap();
    assert!(history.remove_token("camera", &terminal).await.is_err());
    assert!(history.token_of("hash of camera").await.unwrap().is_none());
}

on_each_database!(what_two_programs_write_stands_in_its_order);
async fn what_two_programs_write_stands_in_its_order(place: &Place) {
    // The service and the command at the terminal.
    let [service, terminal] = [
        opened(place).await,
        History::open_beside(place).await.unwrap(),
    ];
    for number in 0..6 {
        let history = if number % 2 == 0 { &service } else { &terminal };
        let subject = number.to_string();
        let anna = by("anna");
        let note = Note::new(anna, Deed::Labelled, subject);
        history.note(&note).await.unwrap();
    }
    let all = service.audit(None, 9).await.unwrap();
    let subjects: Vec<&str> = all
        .iter()
        .map(|one| one.subject.as_deref().unwrap())
        .collect();
    assert_eq!(subjects, ["5", "4", "3", "2", "1", "0"]);
    assert_eq!((&*all[0].deed, all[0].kind), ("labelled", ActorKind::User));
    let rest = service.audit(Some(&all[3].id), 9).await.unwrap();
    assert_eq!(rest, all[4..]);
    let long = "x".repeat(9_000);
    let note = Note::new(by("anna"), Deed::Labelled, long.clone()).with(long);
    service.note(&note).await.unwrap();
    let kept = service.audit(None, 1).await.unwrap().remove(0);
    assert_eq!(kept.detail.unwrap().len(), 300);
}
