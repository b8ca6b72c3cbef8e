//! The model as a frame.
//!
//! Owns where everything stands, at any size of the terminal. Must never change the model.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line as Text, Span};
use ratatui::widgets::{Block, Borders, List, ListState, Paragraph, Wrap};

use super::model::{Model, Pane, Typed, Whole};
use crate::diagram;
use crate::overview::{Asks, Line, Moment, Waiting, clock, excerpt, lifecycle};

/// From how many columns on there are three parts side by side.
const WIDE: u16 = 100;

const QUIET: Style = Style::new().fg(Color::DarkGray);
const STRONG: Style = Style::new().add_modifier(Modifier::BOLD);

/// Draws the model.
pub fn draw(frame: &mut Frame<'_>, model: &Model) {
    let waiting: Vec<_> = model.waiting.iter().map(asked).collect();
    let room = if waiting.is_empty() { 0 } else { frame.area().height / 3 };
    let wanted = waiting.iter().map(Vec::len).sum::<usize>();
    let wanted = u16::try_from(wanted).unwrap_or(u16::MAX);
    let rows = Layout::vertical([
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(wanted.saturating_add(2).min(room)),
        Constraint::Length(1),
    ]);
    let [head, body, requests, foot] = rows.areas(frame.area());
    frame.render_widget(Paragraph::new(title(model)), head);
    match &model.whole {
        Some(whole) => draw_whole(frame, body, whole),
        None => {
            let (lives, life, feed) = parts(body);
            draw_lives(frame, lives, model);
            draw_life(frame, life, model);
            draw_feed(frame, feed, model);
        }
    }
    draw_requests(frame, requests, model, waiting);
    frame.render_widget(Paragraph::new(help(model)), foot);
}

/// Where the lives, one life and the feed stand.
fn parts(body: Rect) -> (Rect, Rect, Rect) {
    let fill = [3, 4, 5].map(Constraint::Fill);
    let [lives, life, feed] = if body.width >= WIDE {
        Layout::horizontal(fill).spacing(1).areas(body)
    } else {
        Layout::vertical(fill).areas(body)
    };
    (lives, life, feed)
}

fn title(model: &Model) -> Text<'_> {
    let overview = &model.overview;
    let position = overview.position.map_or(0, |position| position.get());
    let at = overview.occurred_at.map(clock).unwrap_or_default();
    let mut title = vec![
        Span::styled("agent-runtime ", STRONG),
        Span::styled(format!("{} · event {position} {at}", model.name), QUIET),
    ];
    if !model.waiting.is_empty() {
        let waiting = format!(" · {} waiting for an answer", model.waiting.len());
        title.push(Span::styled(waiting, Style::new().fg(Color::Yellow)));
    }
    Text::from(title)
}

/// A part of the screen with its name; where the keys lead to, it is brighter.
fn part<'a>(name: impl Into<String>, pane: Pane, model: &Model) -> Block<'a> {
    let style = if model.pane == pane { STRONG.fg(Color::Cyan) } else { QUIET };
    Block::new().borders(Borders::TOP).border_style(QUIET).title(Span::styled(name.into(), style))
}

fn draw_lives(frame: &mut Frame<'_>, area: Rect, model: &Model) {
    let items = model.lines.iter().map(|line| {
        let indent = " ".repeat(usize::from(line.depth).saturating_mul(2));
        Text::from(vec![
            Span::raw(format!("{indent}{} ", line.title)),
            Span::styled(line.status.clone(), Style::new().fg(colour(&line.status))),
        ])
    });
    let list = List::new(items)
        .block(part("Lives", Pane::Lives, model))
        .highlight_style(Style::new().add_modifier(Modifier::REVERSED));
    let mut state = ListState::default().with_selected(model.chosen());
    frame.render_stateful_widget(list, area, &mut state);
}

/// What the first word of a status looks like.
fn colour(status: &str) -> Color {
    match status.split(' ').next().unwrap_or_default() {
        "running" | "working" => Color::Cyan,
        "completed" | "allowed" | "answered" | "joined" => Color::Green,
        "failed" | "blocked" | "denied" => Color::Red,
        "waiting" | "exhausted" => Color::Yellow,
        _ => Color::DarkGray,
    }
}

fn draw_life(frame: &mut Frame<'_>, area: Rect, model: &Model) {
    let chosen = model.chosen().and_then(|at| model.lines.get(at));
    let name =
        chosen.map_or_else(|| "Life".to_owned(), |it| format!("{} {}", it.category, it.title));
    let block = Block::new().borders(Borders::TOP).border_style(QUIET).title(Span::raw(name));
    let text = chosen.map(life).unwrap_or_default();
    frame.render_widget(Paragraph::new(text).block(block).wrap(Wrap { trim: false }), area);
}

/// A life's lifecycle with its state marked, and what there is to say of it.
fn life(line: &Line) -> Vec<Text<'static>> {
    let drawn = lifecycle(line.category).and_then(|drawn| {
        let state = drawn.definition.states.iter().find(|state| state.name == line.state)?;
        Some(diagram::text(drawn.definition, state))
    });
    let drawn = drawn.unwrap_or_default();
    let mut text: Vec<Text<'_>> = drawn
        .lines()
        .map(|drawn| {
            let present = drawn.trim_start().starts_with('●');
            let style = if present { STRONG.fg(Color::Cyan) } else { QUIET };
            Text::styled(drawn.to_owned(), style)
        })
        .collect();
    text.push(Text::default());
    text.push(Text::styled(line.id.clone(), QUIET));
    text.extend([&line.status, &line.note].map(|said| Text::from(said.clone())));
    text
}

/// All of what is asked, from the line on up to which it was read.
fn draw_whole(frame: &mut Frame<'_>, area: Rect, whole: &Whole) {
    let name = "All of what is asked: ↑ ↓ read on, Esc back";
    let block = Block::new().borders(Borders::TOP).border_style(QUIET).title(name);
    let text = Paragraph::new(whole.text.as_str()).block(block).wrap(Wrap { trim: false });
    frame.render_widget(text.scroll((whole.passed, 0)), area);
}

fn draw_feed(frame: &mut Frame<'_>, area: Rect, model: &Model) {
    let items = model.moments.iter().skip(model.passed).map(feed_line);
    frame.render_widget(List::new(items).block(part("Feed", Pane::Feed, model)), area);
}

fn feed_line(moment: &Moment) -> Text<'static> {
    let kind = if moment.caused { QUIET } else { Style::new().fg(Color::Cyan) };
    Text::from(vec![
        Span::styled(format!("{:>5} {} ", moment.position, clock(moment.at)), QUIET),
        Span::styled(format!("{} ", moment.kind), kind),
        Span::raw(moment.text.clone()),
    ])
}

/// What waits, in some lines: what is asked and where, what it is about, and how it is relayed.
fn asked(it: &Waiting) -> Vec<Text<'static>> {
    let place = Span::styled(format!(" {}", it.place), QUIET);
    let mut lines = vec![Text::from(vec![Span::styled(it.what.clone(), STRONG), place])];
    if it.asks != Asks::Text {
        lines.push(Text::from(format!("  {}", it.detail)));
    }
    if !it.choices.is_empty() {
        let choices = it.choices.iter().zip(1_u32..);
        let choices = choices.map(|(choice, number)| format!("{number} {}", excerpt(choice, 200)));
        lines.push(Text::from(format!("  {}", choices.collect::<Vec<_>>().join("   "))));
    }
    if let Some(relay) = &it.relay {
        lines.push(Text::styled(format!("  {relay}"), QUIET));
    }
    lines
}

fn draw_requests(
    frame: &mut Frame<'_>,
    area: Rect,
    model: &Model,
    waiting: Vec<Vec<Text<'static>>>,
) {
    let chosen = model.chosen_request().map(|it| &it.id);
    let selected = model.waiting.iter().position(|it| Some(&it.id) == chosen);
    let list = List::new(waiting)
        .block(part("Waiting for an answer", Pane::Requests, model))
        .highlight_style(Style::new().add_modifier(Modifier::REVERSED));
    let mut state = ListState::default().with_selected(selected);
    frame.render_stateful_widget(list, area, &mut state);
}

fn help(model: &Model) -> Text<'_> {
    match (&model.typed, &model.note, &model.blind) {
        (Some(Typed::Reason(reason)), ..) => {
            Text::from(format!("denied, because: {reason}▏ Enter sends, Esc does not"))
        }
        (Some(Typed::Answer(text)), ..) => {
            Text::from(format!("answer: {text}▏ Enter sends, Esc does not"))
        }
        (None, Some(note), _) => Text::styled(note.as_str(), Style::new().fg(Color::Yellow)),
        (None, None, Some(why)) => {
            let blind = format!("the log cannot be seen any more: {why}");
            Text::styled(blind, Style::new().fg(Color::Red))
        }
        (None, None, None) => Text::styled(
            match model.chosen_request().map(|it| (it.asks, it.choices.is_empty())) {
                Some((Asks::Text, true)) => "t answer   s show all   Tab ↑ ↓ look around   q quit",
                Some((Asks::Text, false)) => {
                    "1 … 9 choose   t answer   s show all   Tab ↑ ↓ look around   q quit"
                }
                Some((Asks::LeaveInWorkflow, _)) => {
                    "a allow   w always in this workflow   d deny   s show all   Tab ↑ ↓ look around   q quit"
                }
                _ => "Tab ↑ ↓ look around   a allow   d deny   q quit",
            },
            QUIET,
        ),
    }
}
