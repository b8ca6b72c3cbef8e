//! The derives where names are not what they usually are, under every lint.

#![deny(
    warnings,
    missing_docs,
    unsafe_code,
    unused,
    unused_qualifications,
    unreachable_pub,
    missing_debug_implementations,
    elided_lifetimes_in_paths,
    non_local_definitions,
    clippy::all,
    clippy::pedantic
)]

/// Every name of the prelude means something else.
mod shadowed {
    #![expect(dead_code, reason = "names that are only in the way")]

    pub(crate) struct Option;
    pub(crate) struct Some;
    pub(crate) struct None;
    pub(crate) struct Result;
    pub(crate) struct Ok;
    pub(crate) struct Err;
    pub(crate) struct Vec;
    pub(crate) struct String;
    pub(crate) struct Box;
    pub(crate) trait Default {}
    pub(crate) trait From {}
    pub(crate) trait Into {}
    pub(crate) trait Sized {}
    pub(crate) trait Send {}
    pub(crate) trait Sync {}
    pub(crate) trait Drop {}
    pub(crate) trait Fn {}
    pub(crate) trait State {}
    pub(crate) trait Transition {}
    pub(crate) trait Schema {}
    pub(crate) struct Context;
    pub(crate) struct Shape;
    pub(crate) struct Aggregate;
    #[expect(non_camel_case_types, reason = "a name that is in the way")]
    pub(crate) struct u32;
    #[expect(non_camel_case_types, reason = "a name that is in the way")]
    pub(crate) struct bool;
    #[expect(non_camel_case_types, reason = "a name that is in the way")]
    pub(crate) struct str;
    mod core {}
    mod std {}

    #[derive(::vitae::Event)]
    #[event(name = "light.on", tag = who)]
    pub(crate) struct On {
        pub(crate) who: ::std::string::String,
    }

    // serde's derive does not work here, so by hand.
    impl ::serde::Serialize for On {
        fn serialize<S: ::serde::Serializer>(
            &self,
            serializer: S,
        ) -> ::core::result::Result<S::Ok, S::Error> {
            ::serde::Serialize::serialize(&self.who, serializer)
        }
    }

    impl<'de> ::serde::Deserialize<'de> for On {
        fn deserialize<D: ::serde::Deserializer<'de>>(
            deserializer: D,
        ) -> ::core::result::Result<Self, D::Error> {
            match ::serde::Deserialize::deserialize(deserializer) {
                ::core::result::Result::Ok(who) => ::core::result::Result::Ok(Self { who }),
                ::core::result::Result::Err(error) => ::core::result::Result::Err(error),
            }
        }
    }

    #[derive(::vitae::Schema)]
    #[expect(dead_code, reason = "only its shape")]
    pub(crate) enum Everything {
        Unit,
        Newtype(()),
        Tuple((), ()),
        Struct { a: () },
    }

    #[derive(::vitae::Lifecycle, ::core::clone::Clone, ::core::fmt::Debug)]
    #[lifecycle(name = "light")]
    pub(crate) enum Light {
        #[state(initial)]
        #[on(On if event => Lit)]
        Dark,
        #[on(On as On => Dark)]
        Lit(Lit),
    }

    #[derive(::core::clone::Clone, ::core::fmt::Debug)]
    pub(crate) struct Lit(pub(crate) ::core::primitive::u32);

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        clippy::unnecessary_wraps,
        reason = "the shape of a guard"
    )]
    // Named as what the derive could name its variables.
    fn event(
        _: &Dark,
        _: &On,
        _: &::vitae::Context,
    ) -> ::core::result::Result<(), ::vitae::Refusal> {
        ::core::result::Result::Ok(())
    }

    impl LightTransitions for Light {
        fn dark_on_on(_: Dark, _: &On, _: &::vitae::Context) -> Lit {
            Lit(1)
        }
    }
}

/// No name means anything.
mod empty {
    #![no_implicit_prelude]

    #[derive(::vitae::Event, ::serde::Serialize, ::serde::Deserialize)]
    #[event(name = "door.opened", tag = by)]
    pub(crate) struct Opened {
        pub(crate) by: ::std::option::Option<::std::string::String>,
    }

    #[derive(::vitae::Event, ::serde::Serialize, ::serde::Deserialize)]
    #[event(name = "door.closed")]
    pub(crate) struct Closed;

    #[derive(::vitae::Lifecycle, ::core::clone::Clone)]
    #[lifecycle(name = "door")]
    pub(crate) enum Door {
        #[state(initial)]
        #[on(Opened => Open)]
        Shut,
        #[on(Closed => Shut, Opened => Open)]
        Open,
    }

    impl DoorTransitions for Door {}
}

/// Public, so that everything that is generated must be documented, and pedantic lints look.
pub mod documented {
    use serde::{Deserialize, Serialize};
    use vitae::{Context, Event, Lifecycle, Refusal, Schema};

    /// It began. `Copy` and small: taken by reference nevertheless.
    #[derive(Event, Serialize, Deserialize, Clone, Copy, Debug)]
    #[event(name = "job.begun")]
    pub struct Begun;

    /// It ended, with much to say.
    #[derive(Event, Serialize, Deserialize, Clone, Debug)]
    #[event(name = "job.ended")]
    pub struct Ended {
        /// Much.
        pub report: [[u64; 32]; 16],
    }

    /// Part of a payload.
    #[derive(Schema, Serialize, Deserialize, Clone, Copy, Debug)]
    pub struct Part<T>(T);

    /// A job.
    #[derive(Lifecycle, Clone, Debug)]
    #[lifecycle(name = "job")]
    pub enum Job {
        /// Nothing happened yet.
        #[state(initial)]
        #[on(Begun => Busy)]
        Idle,
        /// Something happens.
        #[on(Begun if again => Busy, Ended => Over)]
        Busy(Busy),
        /// Nothing happens any more.
        #[state(terminal)]
        Over,
    }

    /// A job that is being done.
    #[derive(Clone, Debug, Default)]
    pub struct Busy {
        times: u64,
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape of a guard")]
    fn again(from: &Busy, _: &Begun, _: &Context) -> Result<(), Refusal> {
        match from.times {
            9.. => Err(Refusal::new("it has begun often enough")),
            _ => Ok(()),
        }
    }

    impl JobTransitions for Job {
        fn idle_on_begun(_: Idle, _: &Begun, _: &Context) -> Busy {
            Busy::default()
        }

        fn busy_on_begun(from: Busy, _: &Begun, _: &Context) -> Busy {
            Busy { times: from.times + 1 }
        }
    }
}

/// `vitae` stands somewhere else.
mod renamed {
    mod inner {
        pub(crate) use ::vitae as events;
    }

    #[derive(inner::events::Event, serde::Serialize, serde::Deserialize)]
    #[event(name = "seed.sown", crate = inner::events)]
    pub(super) struct Sown(Soil);

    #[derive(inner::events::Schema, serde::Serialize, serde::Deserialize)]
    #[schema(crate = inner::events)]
    struct Soil;

    #[derive(inner::events::Lifecycle, Clone)]
    #[lifecycle(name = "seed", crate = crate::renamed::inner::events)]
    pub(super) enum Seed {
        #[state(initial)]
        #[on(Sown => Grown)]
        Seed_,
        #[state(terminal)]
        Grown,
    }

    impl SeedTransitions for Seed {}
}

/// States called as the traits call their own types.
mod ambiguous {
    use serde::{Deserialize, Serialize};

    #[derive(vitae::Event, Serialize, Deserialize)]
    #[event(name = "ambiguous.next")]
    pub(super) struct Next;

    #[derive(vitae::Lifecycle, Clone)]
    #[lifecycle(name = "ambiguous")]
    pub(super) enum Ambiguous {
        #[state(initial)]
        #[on(Next => Refusal)]
        Event,
        #[on(Next => Typed)]
        Refusal,
        #[on(Next => To)]
        Typed,
        #[on(Next => Lifecycle)]
        To,
        #[state(terminal)]
        Lifecycle,
    }

    impl AmbiguousTransitions for Ambiguous {}
}

/// Constants, statics and functions with the names that generated code has for its variables; states
/// that are numbers; an event that is deprecated, and used only by what is derived.
mod in_the_way {
    #![expect(non_upper_case_globals, dead_code, reason = "names that are only in the way")]

    use serde::{Deserialize, Serialize};

    static f: u8 = 0;
    const aggregate: u8 = 0;
    const state: u8 = 0;

    #[derive(vitae::Event, Serialize, Deserialize)]
    #[event(name = "way.gone", tag = a)]
    #[deprecated]
    pub(super) struct Gone {
        a: u8,
    }

    #[derive(vitae::Lifecycle)]
    #[lifecycle(name = "way")]
    pub(super) enum Way {
        #[state(initial)]
        #[on(Gone => _2)]
        _1,
        #[state(terminal)]
        _2,
    }

    impl WayTransitions for Way {}
}

/// Events whose types begin like their lifecycle, and like each other.
mod alike {
    use serde::{Deserialize, Serialize};
    use vitae::{Event, Lifecycle};

    #[derive(Event, Serialize, Deserialize)]
    #[event(name = "lane.opened")]
    pub(super) struct LaneOpened;

    #[derive(Event, Serialize, Deserialize)]
    #[event(name = "lane.narrowed")]
    pub(super) struct LaneNarrowed;

    #[derive(Event, Serialize, Deserialize)]
    #[event(name = "lane.closed")]
    pub(super) struct LaneClosed;

    #[derive(Lifecycle, Clone)]
    #[lifecycle(name = "lane")]
    #[expect(
        clippy::enum_variant_names,
        reason = "states that are named alike are named by their user"
    )]
    pub(super) enum Lane {
        #[state(initial)]
        #[on(LaneOpened => LaneWide)]
        LaneNew,
        #[on(LaneNarrowed => LaneWide, LaneClosed => LaneGone)]
        LaneWide,
        #[state(terminal)]
        LaneGone,
    }

    impl LaneTransitions for Lane {}
}

#[test]
fn names_may_be_alike() {
    use vitae::{Aggregate, Bus, MemoryStore};
    let bus = Bus::open(std::sync::Arc::new(MemoryStore::new())).unwrap();
    let lane: Aggregate<alike::Lane> = bus.load("a").unwrap();
    let lane = lane.record(alike::LaneOpened).unwrap().record(alike::LaneNarrowed).unwrap();
    let lane = lane.record(alike::LaneClosed).unwrap();
    assert!(matches!(lane.state(), alike::Lane::LaneGone));
}

#[test]
fn a_state_may_be_a_number() {
    let names: Vec<_> = <in_the_way::Way as vitae::Lifecycle>::DEFINITION
        .states
        .iter()
        .map(|state| state.name)
        .collect();
    assert_eq!(names, ["_1", "_2"]);
}

/// Names that are keywords.
#[expect(non_camel_case_types, reason = "keywords are in lower case")]
mod raw {
    use serde::{Deserialize, Serialize};
    use vitae::{Event, Lifecycle};

    #[derive(Event, Serialize, Deserialize)]
    #[event(name = "raw.move", tag = r#type)]
    pub(super) struct r#move {
        pub(super) r#type: u8,
        pub(super) r#match: (),
    }

    #[derive(Lifecycle, Clone)]
    #[lifecycle(name = "raw")]
    pub(super) enum r#enum {
        #[state(initial)]
        #[on(r#move => r#struct)]
        r#type,
        #[on(r#move => r#type)]
        r#struct,
    }

    impl enumTransitions for r#enum {}
}

#[test]
fn a_raw_name_is_its_name() {
    use vitae::{Event, Lifecycle};
    let names = raw::r#enum::DEFINITION.states.iter().map(|state| state.name);
    assert_eq!(names.collect::<Vec<_>>(), ["type", "struct"]);
    let event = raw::r#move { r#type: 7, r#match: () };
    assert_eq!(event.tags().unwrap().iter().collect::<Vec<_>>(), ["type:7"]);
    assert_eq!(
        <raw::r#move as vitae::Schema>::SHAPE.to_json(),
        r#"{"struct":[["type","u8"],["match","unit"]]}"#
    );
    assert_eq!(format!("{:?}", raw::enumEvent::from(event)), "move");
}

#[test]
fn a_lifecycle_may_be_declared_in_a_function() {
    use serde::{Deserialize, Serialize};
    use vitae::{Event, Lifecycle};

    #[derive(Event, Serialize, Deserialize)]
    #[event(name = "local.done")]
    struct Finished;

    #[derive(Lifecycle, Clone, Debug, PartialEq)]
    #[lifecycle(name = "local")]
    enum Local {
        #[state(initial)]
        #[on(Finished => Done)]
        Open,
        #[state(terminal)]
        Done,
    }

    impl LocalTransitions for Local {}

    let context = vitae::__private::context("local", "1").unwrap();
    let done = Local::initial().apply(&Finished.into(), &context);
    assert_eq!(done, Ok(Local::Done));
}

#[test]
fn every_edge_may_be_legal_everywhere() {
    use vitae::Lifecycle;
    let context = vitae::__private::context("raw", "1").unwrap();
    let event = raw::r#move { r#type: 0, r#match: () };
    let event = raw::enumEvent::from(event);
    let moved = raw::r#enum::initial().apply(&event, &context).ok().unwrap();
    assert_eq!(moved.state().name, "struct");
    let light = shadowed::Light::initial();
    let on = shadowed::On { who: "me".to_owned() };
    assert!(light.check(&on.into(), &context).is_ok());
    assert_eq!(empty::Door::initial().state().name, "Shut");
    let opened = empty::Opened { by: None };
    assert!(vitae::Event::tags(&opened).unwrap().is_empty());
    let next = ambiguous::Ambiguous::initial().apply(&ambiguous::Next.into(), &context);
    assert_eq!(next.ok().unwrap().state().name, "Refusal");
    assert_eq!(renamed::Seed::DEFINITION.events.len(), 1);
}
