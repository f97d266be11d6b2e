//! What goes and what stays, on each database.

mod world;

use jiff::{SignedDuration, Timestamp};
use oddspot::verdict::Verdict;

use crate::configuration::KeepConfiguration;
use crate::history::tests::{judged, on_each_database};
use crate::history::{FileOf, Judged, Place, Truth, Unjudged};
use world::{BYTES, World, keeping};

/// Good parts that stay whatever is configured.
const NEWEST: usize = 24;

fn days(days: u32) -> KeepConfiguration {
    KeepConfiguration {
        days: Some(days),
        ..KeepConfiguration::default()
    }
}

fn gigabytes(bytes: usize) -> KeepConfiguration {
    KeepConfiguration {
        gigabytes: Some(bytes as f64 / 1e9),
        ..KeepConfiguration::default()
    }
}

on_each_database!(without_a_word_all_is_kept_and_counted);
async fn without_a_word_all_is_kept_and_counted(place: &Place) {
    let world = World::new(place, KeepConfiguration::default()).await;
    assert_eq!(world.keeping.of("top"), None);
    let all = world.judge_good(30).await;
    // The same image twice is one, at each station.
    world.judge("top", "good 0 0", Verdict::Good).await;
    world.judge("side", "good 0 0", Verdict::Good).await;
    world.run(10_000).await;
    assert!(world.removed(&all).await.is_empty());
    let bytes = |station| world.keeping.of(station).unwrap().bytes;
    assert_eq!(bytes("top"), 30 * BYTES as u64);
    assert_eq!(bytes("side"), BYTES as u64);
}

on_each_database!(what_is_too_old_goes_and_what_somebody_needs_stays);
async fn what_is_too_old_goes_and_what_somebody_needs_stays(place: &Place) {
    let world = World::new(place, days(30)).await;
    let old = world.judge_good(60).await;
    for (at, verdict) in [
        (60, Verdict::Anomalous),
        (61, Verdict::Check),
        (62, Verdict::Untrusted),
    ] {
        let one = world.judge("top", &format!("odd {at}"), verdict).await;
        assert_ne!(one.verdict, Verdict::Good);
    }
    world.label(&old[3], Truth::Good).await;
    world.make_good("top", &old[4].kept).await;
    // One that was a good image, and is none any more.
    world.make_good("top", &old[5].kept).await;
    (world.history.remove_good("top", &old[5].image, None).await).unwrap();
    // One of which an odd part has the same image.
    world.judge("top", "good 6 6", Verdict::Anomalous).await;
    world.run(29).await;
    assert!(world.removed(&old).await.is_empty());
    world.run(31).await;
    let gone: Vec<usize> = (0..60 - NEWEST)
        .filter(|at| ![3, 4, 5, 6].contains(at))
        .collect();
    assert_eq!(world.removed(&old).await, gone);
    // Whoever is gone is found, counted and labelled as before.
    let now = world.history.inspection(&old[0].id).await.unwrap().unwrap();
    assert_eq!(
        (now.score, now.finding),
        (old[0].score, old[0].finding.clone())
    );
    let removed = now.image_removed.unwrap();
    assert!(removed.parse::<Timestamp>().unwrap() > Timestamp::now());
    world.label(&old[0], Truth::Bad).await;
    let labelled = world.history.labelled("top", "m1").await.unwrap();
    assert_eq!(labelled.parts.len(), 2);
    // But nothing can be learned from it.
    let manifest = world.history.manifest("top").await.unwrap();
    assert!(manifest.iter().all(|row| row.kept.sha256 != old[0].image));
    assert_eq!(manifest.len(), 2);
    // Once more changes nothing.
    let before = world.all().await;
    world.run(32).await;
    assert_eq!(world.all().await, before);
    // It comes again, and is there for the new one alone.
    let again = world.judge("top", "good 1 1", Verdict::Good).await;
    assert_eq!(again.image, old[1].image);
    world.run(32).await;
    assert!(world.is_removed(&old[1]).await && world.file(&again.kept).is_file());
}

on_each_database!(repeated_pictures_go_as_good_ones_do_and_other_untrusted_ones_stay);
async fn repeated_pictures_go_as_good_ones_do_and_other_untrusted_ones_stay(place: &Place) {
    let world = World::new(place, days(30)).await;
    let untrusted = world.judge("top", "untrusted", Verdict::Untrusted).await;
    let odd = world.judge("top", "odd", Verdict::Anomalous).await;
    let mut repeated = Vec::new();
    for content in ["first", "second", "third"] {
        repeated.push(world.judge_repeated(content).await);
    }
    world.label(&repeated[1], Truth::Good).await;
    // One of which an odd part has the same image.
    repeated.push(world.judge_repeated("odd").await);
    assert_eq!(repeated[3].image, odd.image);
    // Behind the newest good ones none goes.
    world.judge_good(NEWEST).await;
    let newest = world.judge_repeated("newest").await;
    world.run(29).await;
    assert!(world.removed(&repeated).await.is_empty());
    world.run(31).await;
    assert_eq!(world.removed(&repeated).await, [0, 2]);
    assert!(world.removed(&[untrusted, odd, newest]).await.is_empty());
}

on_each_database!(older_ones_are_thinned_and_each_look_comes_to_the_same);
async fn older_ones_are_thinned_and_each_look_comes_to_the_same(place: &Place) {
    let keep = KeepConfiguration {
        good: Some(30),
        one_of: Some(4),
        ..KeepConfiguration::default()
    };
    let world = World::new(place, keep).await;
    let all = world.judge_good(130).await;
    world.run(0).await;
    let removed = world.removed(&all).await;
    assert!((60..95).contains(&removed.len()), "{removed:?}");
    assert!(removed.iter().all(|at| *at < 100));
    for _ in 0..2 {
        world.run(0).await;
        assert_eq!(world.removed(&all).await, removed);
    }
    // With none of the older ones, the newest of those with images stay.
    let none = KeepConfiguration {
        one_of: Some(0),
        ..keep
    };
    let strict = keeping(&world.history, &world.data, none);
    strict.run(Timestamp::now(), false).await.unwrap();
    assert_eq!(world.removed(&all).await, (0..100).collect::<Vec<_>>());
}

on_each_database!(the_oldest_go_until_the_bound_is_kept_and_else_it_is_told);
async fn the_oldest_go_until_the_bound_is_kept_and_else_it_is_told(place: &Place) {
    let world = World::new(place, gigabytes(50 * BYTES)).await;
    let all = world.judge_good(60).await;
    let odd = world.judge("top", "odd", Verdict::Anomalous).await;
    world.run(0).await;
    assert_eq!(world.removed(&all).await, (0..11).collect::<Vec<_>>());
    let now = world.keeping.of("top").unwrap();
    assert_eq!((now.bytes, now.trouble), (50 * BYTES as u64, None));
    // Labelled and odd ones alone have more.
    for one in &all[11..40] {
        world.label(one, Truth::Good).await;
    }
    let strict = keeping(&world.history, &world.data, gigabytes(20 * BYTES));
    strict.run(Timestamp::now(), true).await.unwrap();
    world.check().await;
    assert!(!world.is_removed(&odd).await);
    let stays: Vec<usize> = (0..11).collect();
    assert_eq!(world.removed(&all).await, stays);
    let told = strict.trouble("top").unwrap();
    let trouble = told.to_string();
    assert!(trouble.contains("station top has 50.0 kB"), "{trouble}");
    assert!(trouble.contains("more than the 20.0 kB"), "{trouble}");
    assert_eq!(strict.troubles(), [told]);
    let metrics = strict.metrics.text().unwrap();
    for line in [
        "oddspot_kept_bytes{station=\"top\"} 50000",
        "oddspot_kept_beyond_bound{station=\"top\"} 1",
        "oddspot_removed_images_total{station=\"top\"} 0",
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
    let metrics = world.keeping.metrics.text().unwrap();
    let removed = "oddspot_removed_images_total{station=\"top\"} 11";
    assert!(metrics.contains(removed), "{metrics}");
}

on_each_database!(nothing_is_told_of_a_station_that_is_no_more);
async fn nothing_is_told_of_a_station_that_is_no_more(place: &Place) {
    let world = World::new(place, gigabytes(BYTES)).await;
    for at in 0..2 {
        let odd = format!("odd {at}");
        world.judge("top", &odd, Verdict::Anomalous).await;
        world.judge("side", &odd, Verdict::Anomalous).await;
    }
    let told = || world.keeping.troubles().len();
    let is_counted = |station: &str| {
        let metrics = world.keeping.metrics.text().unwrap();
        metrics.contains(&format!("{{station=\"{station}\"}}"))
    };
    world.run(0).await;
    assert_eq!((told(), is_counted("top")), (2, true));
    world.history.remove_station("top", None).await.unwrap();
    world.run(0).await;
    assert_eq!((told(), is_counted("top")), (1, false));
    // One that got another name while it was looked at.
    let renamed = world.history.begin_rename("side", "new", None);
    renamed.await.unwrap();
    world.history.finish_rename("side", "new").await.unwrap();
    world.keeping.note_kept("side", 2 * BYTES as u64);
    world.run(0).await;
    assert!(world.keeping.of("side").is_none() && !is_counted("side"));
    assert!(world.keeping.of("new").is_some() && is_counted("new"));
    assert_eq!(told(), 1);
}

on_each_database!(an_image_of_two_stations_goes_when_neither_needs_it);
async fn an_image_of_two_stations_goes_when_neither_needs_it(place: &Place) {
    let world = World::new(place, days(30)).await;
    let top = world.judge("top", "shared", Verdict::Good).await;
    let side = world.judge("side", "shared", Verdict::Anomalous).await;
    let learned = world
        .judge("top", "learned at the side", Verdict::Good)
        .await;
    world.make_good("side", &learned.kept).await;
    world.judge_good(NEWEST).await;
    world.run(31).await;
    // Each station's own word: at the side it is not good, and stays there.
    assert!(world.is_removed(&top).await && !world.is_removed(&side).await);
    assert!(world.file(&top.kept).is_file());
    assert!(world.is_removed(&learned).await && world.file(&learned.kept).is_file());
}

on_each_database!(what_a_kill_leaves_is_swept_and_what_is_anothers_is_not);
async fn what_a_kill_leaves_is_swept_and_what_is_anothers_is_not(place: &Place) {
    let world = World::new(place, days(30)).await;
    let all = world.judge_good(40).await;
    let later = Timestamp::now() + SignedDuration::from_hours(24 * 31);
    // Marked, and killed before the file went; drawn, and killed while it was.
    let first = [all[0].image.clone(), all[1].image.clone()];
    let most = (&*all[20].id, u64::MAX);
    let marked = world.history.mark_removed("top", &first, most, later).await;
    assert_eq!(marked.unwrap().inspections.len(), 2);
    let picture = |of: &str| {
        let path = world.data.picture(of, "view.jpg");
        crate::data::write(&path, b"picture").unwrap();
        path
    };
    let [gone, shown] = [&all[0], &all[39]].map(|one| picture(&one.id));
    let unknown = picture("11111111-1111-7111-8111-111111111111");
    // Kept, and killed before there was a row.
    drop(world.data.keep_image(b"no row").unwrap());
    assert_eq!(world.files().len(), 41);
    let none = keeping(&world.history, &world.data, KeepConfiguration::default());
    none.run(Timestamp::now(), true).await.unwrap();
    assert_eq!(world.files().len(), 39, "too young to be left behind");
    assert!(!gone.exists() && !unknown.exists() && shown.is_file());
    none.run(later, true).await.unwrap();
    assert_eq!(world.files().len(), 38);
    world.check().await;
    // So many are no kill's: perhaps the database is another's.
    for at in 0..150 {
        drop(
            world
                .data
                .keep_image(format!("theirs {at}").as_bytes())
                .unwrap(),
        );
    }
    none.run(later, true).await.unwrap();
    assert_eq!(world.files().len(), 188);
}

on_each_database!(an_image_that_is_about_to_be_named_stays);
async fn an_image_that_is_about_to_be_named_stays(place: &Place) {
    let world = World::new(place, days(30)).await;
    let all = world.judge_good(40).await;
    let path = world.file(&all[0].kept);
    let mut bytes = b"good 0 0".to_vec();
    bytes.resize(BYTES, b' ');
    let held = world.data.keep_image(&bytes).unwrap();
    let later = Timestamp::now() + SignedDuration::from_hours(24 * 31);
    world.keeping.run(later, true).await.unwrap();
    assert!(world.is_removed(&all[0]).await && path.is_file());
    let new = Judged {
        image: held.image.clone(),
        ..judged(2.0)
    };
    world.history.record(new).await.unwrap();
    drop(held);
    world.run(31).await;
    assert!(path.is_file());
}

on_each_database!(rows_go_when_they_are_old_and_nobody_may_look_for_them);
async fn rows_go_when_they_are_old_and_nobody_may_look_for_them(place: &Place) {
    let keep = KeepConfiguration {
        rows_days: Some(90),
        ..days(30)
    };
    let world = World::new(place, keep).await;
    world.history.set_outputs("top", vec!["csv".to_owned()]);
    let waiting = world.judge("top", "waiting", Verdict::Good).await;
    world.history.set_outputs("top", Vec::new());
    let half = FileOf {
        name: "half.png".to_owned(),
        bytes: 7,
        written_ns: 1,
    };
    let noted = world
        .history
        .set_unreadable("top", &half, "it ends too early");
    noted.await.unwrap();
    let old = world.judge_good(30).await;
    let odd = world.judge("top", "odd", Verdict::Anomalous).await;
    world.run(31).await;
    assert_eq!(world.history.unreadable("top").await.unwrap().len(), 1);
    assert_eq!(world.removed(&old).await, (0..6).collect::<Vec<_>>());
    world.label(&old[2], Truth::Good).await;
    let unjudged = Unjudged {
        station: "top".to_owned(),
        reason: "queue_full",
        detail: "full".to_owned(),
        images: 1,
        part_id: None,
        file: None,
    };
    world.history.miss(&unjudged).await.unwrap();
    world.run(91).await;
    assert!(world.history.unreadable("top").await.unwrap().is_empty());
    let left: Vec<String> = world.all().await.into_iter().map(|one| one.id).collect();
    let expected = [&waiting, &old[2]]
        .into_iter()
        .chain(&old[6..])
        .chain([&odd]);
    assert_eq!(left, expected.map(|one| one.id.clone()).collect::<Vec<_>>());
}
