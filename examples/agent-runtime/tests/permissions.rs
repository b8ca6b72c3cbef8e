//! Rules: which one speaks, when, and that the log says so.

#![cfg(test)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use agent_runtime::context;
use agent_runtime::permissions::{
    AlwaysAllowed, Limits, Moment, Permissions, PermissionsTable, Rule, RulesSet, Verdict,
};
use agent_runtime::relay::{Relay, Reply};
use agent_runtime::request::Decision;
use agent_runtime::supervisor::SuperviseError;
use support::world::{SESSION, World};
use vitae::testing::{Coverage, Scenario};
use vitae::{Lifecycle, MemoryStore, Timestamp};

/// The rules of a `[permissions]` table, as a workflow's file has it.
fn rules(table: &str) -> Vec<Rule> {
    toml::from_str::<PermissionsTable>(table).unwrap().rules()
}

fn refusal(table: &str) -> String {
    toml::from_str::<PermissionsTable>(table).unwrap_err().to_string()
}

fn set(table: &str) -> RulesSet {
    RulesSet { session: SESSION.into(), workflow: "w".into(), rules: rules(table) }
}

fn always(tool: &str) -> AlwaysAllowed {
    AlwaysAllowed {
        session: SESSION.into(),
        workflow: "w".into(),
        request: "r-1".into(),
        tool: tool.into(),
    }
}

/// What is said of a tool in the third turn, right after the start.
fn says(permissions: &Permissions, tool: &str) -> Option<(usize, Verdict)> {
    says_at(permissions, tool, Moment { iteration: 3, at: Timestamp::from_micros(0) })
}

fn says_at(permissions: &Permissions, tool: &str, moment: Moment) -> Option<(usize, Verdict)> {
    permissions.rule_on(tool, moment).map(|spoken| (spoken.number, spoken.rule.verdict))
}

#[test]
fn every_edge_is_tested() {
    let tested = Coverage::<Permissions>::new().tests([
        deny_comes_first_and_the_first_that_is_met_speaks,
        what_is_always_allowed_comes_behind_the_rules_of_the_file,
        without_rules_an_answer_makes_the_first,
    ]);
    tested.assert_complete();
}

#[test]
fn a_pattern_is_a_name_a_prefix_or_everything() {
    for (pattern, tool, met) in [
        ("Bash", "Bash", true),
        ("Bash", "bash", false),
        ("Bash", "BashOutput", false),
        ("BashOutput", "Bash", false),
        ("*", "Bash", true),
        ("*", "", true),
        ("mcp__github__*", "mcp__github__create_issue", true),
        ("mcp__github__*", "mcp__github__", true),
        ("mcp__github__*", "mcp__github", false),
        ("mcp__github__*", "mcp__gitlab__create_issue", false),
        ("mcp__github__*", "xmcp__github__create_issue", false),
        ("mcp__github__*", "mcp__github__*", true),
        ("__*", "__init", true),
        // No pattern: refused in a file, and here nothing but a name.
        ("Web*", "WebFetch", false),
        ("m*p__x", "mcp__x", false),
        ("", "", true),
        ("", "Bash", false),
    ] {
        let rule = Rule {
            verdict: Verdict::Approve,
            tool: pattern.into(),
            limits: Limits::default(),
            answer_to: None,
        };
        let moment = Moment { iteration: 1, at: Timestamp::from_micros(0) };
        assert_eq!(rule.speaks(tool, moment.at, moment), met, "{pattern} on {tool}");
    }
}

#[test]
fn deny_comes_first_and_the_first_that_is_met_speaks() -> Scenario<Permissions> {
    Scenario::new()
        .when(set(r#"
            approve = ["*", "Read"]
            deny = ["WebFetch", "mcp__*", "mcp__github__*"]
        "#))
        .then_state(|permissions| {
            // The deny rules are numbered first, whatever their place in the file.
            assert_eq!(says(permissions, "WebFetch"), Some((1, Verdict::Deny)));
            assert_eq!(says(permissions, "mcp__github__get"), Some((2, Verdict::Deny)));
            assert_eq!(says(permissions, "Read"), Some((4, Verdict::Approve)));
            assert_eq!(says(&Permissions::initial(), "Read"), None);
        })
}

#[test]
fn what_is_always_allowed_comes_behind_the_rules_of_the_file() -> Scenario<Permissions> {
    Scenario::new()
        .given(set(r#"deny = ["Bash"]"#))
        .given(always("Bash"))
        .when(always("*"))
        .then_state(|permissions| {
            assert_eq!(says(permissions, "Bash"), Some((1, Verdict::Deny)));
            // A tool with the name of a pattern is a tool.
            assert_eq!(says(permissions, "*"), Some((3, Verdict::Approve)));
            assert_eq!(says(permissions, "Read"), None);
        })
}

#[test]
fn without_rules_an_answer_makes_the_first() -> Scenario<Permissions> {
    Scenario::new().when(always("Read")).then_state(|permissions| {
        assert_eq!(says(permissions, "Read"), Some((1, Verdict::Approve)));
    })
}

#[test]
fn a_rule_speaks_within_its_limits() {
    let start = Timestamp::from_millis(1_000_000).unwrap();
    let set = set(r#"
        approve = [
            { tool = "Edit", from_iteration = 2, to_iteration = 4 },
            { tool = "Bash", until = 1970-01-01T01:00:00+00:30 },
            { tool = "Write", for = "1m 30s" },
        ]
    "#);
    let permissions = Scenario::<Permissions>::new().at(start).given(set);
    let speaks = |tool, iteration, millis| {
        let at = Timestamp::from_millis(millis).unwrap();
        says_at(permissions.state(), tool, Moment { iteration, at }).is_some()
    };
    for (iteration, met) in [(0, false), (1, false), (2, true), (4, true), (5, false)] {
        assert_eq!(speaks("Edit", iteration, 0), met, "iteration {iteration}");
    }
    assert!(speaks("Bash", 1, 1_799_999) && !speaks("Bash", 1, 1_800_000));
    assert!(speaks("Write", 1, 1_089_999) && !speaks("Write", 1, 1_090_000));
}

#[test]
fn a_table_that_makes_no_sense_is_refused_with_its_place() {
    for (table, says) in [
        ("deny = [\"Bash\"]\nallow = [\"Read\"]", "unknown field `allow`"),
        ("deny = [\n  { tool = \"Bash\", unless = 3 },\n]", "unknown field `unless`"),
        ("deny = [{ from_iteration = 3 }]", "missing field `tool`"),
        ("deny = [7]", "a tool, or a table with `tool` and limits"),
        ("deny = [\"Web*\"]", "a prefix ends in `__*`"),
        ("deny = [\"\"]", "write `*` for every tool"),
        (
            "deny = [{ tool = \"Bash\", from_iteration = 3, to_iteration = 2 }]",
            "no iteration is in",
        ),
        ("deny = [{ tool = \"Bash\", from_iteration = 0 }]", "they count from 1"),
        ("deny = [{ tool = \"Bash\", to_iteration = 0 }]", "they count from 1"),
        ("deny = [{ tool = \"Bash\", from_iteration = -1 }]", "invalid value"),
        ("deny = [{ tool = \"Bash\", until = 2026-12-01 }]", "needs a date, a time and an offset"),
        ("deny = [{ tool = \"Bash\", for = \"soon\" }]", "`soon` is no length of time"),
        ("deny = [{ tool = \"Bash\", for = \"0s\" }]", "`0s` is no length of time"),
        ("deny = [{ tool = \"Bash\", for = \"-1h\" }]", "`-1h` is no length of time"),
    ] {
        let said = refusal(table);
        assert!(said.contains(says), "{table}: {said}");
        assert!(said.contains("line "), "{table}: {said}");
    }
    let said = refusal("deny = [\n  { tool = \"Bash\", unless = 3 },\n]");
    assert!(said.contains("line 2, column 20"), "{said}");
}

#[test]
fn a_rule_is_told_in_words() {
    let told = |table| rules(table)[0].to_string();
    assert_eq!(told(r#"deny = ["Bash"]"#), "deny Bash");
    assert_eq!(
        told(r#"approve = [{ tool = "a__*", from_iteration = 2, to_iteration = 5, for = "90m" }]"#),
        "approve a__* in iterations 2 to 5 for 1h 30m since the start"
    );
    assert_eq!(
        told(r#"deny = [{ tool = "*", to_iteration = 1, until = 2026-12-01T00:00:00Z }]"#),
        "deny * up to iteration 1 until 2026-12-01T00:00:00.000000Z"
    );
    assert_eq!(
        told(r#"deny = [{ tool = "*", from_iteration = 4 }]"#),
        "deny * from iteration 4 on"
    );
    assert_eq!(
        Rule::of_answer("Bash", "r-1").to_string(),
        "approve Bash, as request r-1 was answered"
    );
}

#[test]
fn a_rule_decides_at_once_and_nobody_is_asked() {
    let world = World::new();
    world.open_channels();
    world.start("w", rules("deny = [\"WebFetch\"]\napprove = [\"Read\"]"));
    world.ask("r-1", "WebFetch");
    world.ask("r-2", "Read");
    world.ask("r-3", "Bash");
    let reason = Some("the workflow's rule 1: deny WebFetch".to_owned());
    assert_eq!(world.decision("r-1"), Some(("rule".into(), Decision::Deny { reason })));
    assert_eq!(world.decision("r-2"), Some(("rule".into(), Decision::Allow)));
    assert_eq!(world.decision("r-3"), None);
    for (request, rule) in [
        ("r-1", Some("rule 1: deny WebFetch")),
        ("r-2", Some("rule 2: approve Read")),
        ("r-3", None),
    ] {
        let context = context::of_request(world.bus.store().as_ref(), SESSION, request).unwrap();
        assert_eq!(context.rule.as_deref(), rule);
        let relay = world.supervisor.relay(request).unwrap();
        assert_eq!(matches!(relay, Relay::Unasked), rule.is_some(), "{request}: {relay:?}");
    }
    assert_eq!(world.pending(), ["r-3"]);
}

#[test]
fn rules_know_the_turn_and_the_time_and_survive_a_restart() {
    let store = Arc::new(MemoryStore::new());
    let table =
        r#"approve = [{ tool = "Edit", from_iteration = 2 }, { tool = "Bash", for = "1m" }]"#;
    let before = World::over(store.clone());
    before.start("w", rules(table));
    before.ask("r-1", "Edit");
    assert_eq!(before.decision("r-1"), None);
    before.ask("r-2", "Bash");
    assert_eq!(before.decision("r-2"), Some(("rule".into(), Decision::Allow)));
    before.next_turn();

    let world = World::over(store);
    world.ask("r-3", "Edit");
    assert_eq!(world.decision("r-3"), Some(("rule".into(), Decision::Allow)));
    world.pass(Duration::from_secs(60));
    world.ask("r-4", "Bash");
    assert_eq!(world.decision("r-4"), None);
}

#[test]
fn rules_are_those_of_the_workflow_in_whose_turn_it_is_asked() {
    let world = World::new();
    world.start("w", rules(r#"approve = ["*"]"#));
    world.ask("r-1", "Bash");
    world.end_turn();
    // Between two turns the agent works for a person.
    world.ask("r-2", "Bash");
    world.start("other", Vec::new());
    world.ask("r-3", "Bash");
    assert_eq!(world.decision("r-1"), Some(("rule".into(), Decision::Allow)));
    assert_eq!((world.decision("r-2"), world.decision("r-3")), (None, None));
}

#[test]
fn always_is_for_the_rest_of_the_workflow() {
    let world = World::relaying();
    world.ask("r-1", "Bash");
    world.supervisor.answer("r-1", "one", &Reply::Always).unwrap();
    assert_eq!(world.decision("r-1"), Some(("user".into(), Decision::Allow)));
    world.next_turn();
    world.ask("r-2", "Bash");
    world.ask("r-3", "Read");
    assert_eq!(world.decision("r-2"), Some(("rule".into(), Decision::Allow)));
    assert_eq!(world.decision("r-3"), None);
    let context = context::of_request(world.bus.store().as_ref(), SESSION, "r-2").unwrap();
    assert_eq!(context.rule.as_deref(), Some("rule 1: approve Bash, as request r-1 was answered"));
    world.end_turn();
    world.start("other", Vec::new());
    world.ask("r-4", "Bash");
    assert_eq!(world.decision("r-4"), None);
}

#[test]
fn always_needs_a_workflow() {
    let world = World::new();
    world.open_channels();
    world.ask("r-1", "Bash");
    let before = world.events();
    let refused = world.supervisor.answer("r-1", "one", &Reply::Always).unwrap_err();
    assert!(matches!(refused, SuperviseError::Record(_)), "{refused:?}");
    assert_eq!((world.events(), world.pending()), (before, vec!["r-1".to_owned()]));
    world.supervisor.answer("r-1", "one", &Reply::Allow).unwrap();
}
