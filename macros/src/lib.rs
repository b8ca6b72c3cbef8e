//! The derives of vitae: [`macro@Lifecycle`], [`macro@Event`], [`macro@Schema`].
//!
//! Each is a pipeline: the item is read into a typed view (`ast`), rules are checked across its
//! attributes (`check`), and tokens come out (`expand`). Mistakes are gathered in one accumulator
//! (`error`) and reported together, each at its own place; a `fallback` goes out beside them, so
//! that one mistake does not cause ten. What the tokens call stands in `vitae::__private`. First
//! of all stands what an `editor` reads, and nobody else.
//!
//! Nothing here reads a file, looks at another item or keeps anything between two expansions.

mod attribute;
mod editor;
mod error;
mod event;
mod lifecycle;
mod mention;
mod names;
#[cfg(feature = "svg")]
mod picture;
mod place;
mod schema;

use proc_macro::TokenStream;

/// Derives a lifecycle from an enum with one variant for each state.
///
/// ```text
/// #[derive(Lifecycle)]
/// #[lifecycle(name = "order")]
/// pub enum Order {
///     #[state(initial)]
///     #[on(Placed => Open)]
///     Draft,
///     #[on(Paid if Open::is_owed => Open, Closed => Archived)]
///     Open(Open),
///     #[state(terminal)]
///     Archived,
/// }
/// ```
///
/// # On the enum: `#[lifecycle(…)]`
/// * `name = "…"`, required: the category of the lifecycle's streams, 1 to 512 bytes, for good.
/// * `refusal = Type`: what guards say no with; `vitae::Refusal` unless given.
/// * `crate = path`: where `vitae` is; `::vitae` unless given.
///
/// # On a variant
/// A variant holds one struct of the user's, or nothing; then the derive makes a unit struct of the
/// variant's name beside the enum. The user's struct is `Clone + Send + Sync + 'static`, belongs to this
/// state alone, and is at most as visible as the enum: whoever sees it sees whose state it is.
///
/// * `#[state(initial)]`: a life begins here. One state has it. If it holds data, that implements
///   `Default`.
/// * `#[state(terminal)]`: a life ends here. Every other state has an edge, be it to itself.
/// * `#[state(type = Name)]`: the name of the unit struct, where the variant's is taken.
/// * `#[on(Event [as Alias] [if guard] => State [restart], …)]`: edges. Several on a variant add up, so an
///   edge under a condition is `#[cfg_attr(…, on(…))]`. An alias tells two events of one name
///   apart. A guard is the path of a
///   `fn(&State, &Event, &Context) -> Result<(), Refusal>`; it is asked when the event is recorded
///   and not when it is read back.
/// * `#[after(duration => Event, …)]`: timers. The event happens of itself, so long after the state
///   was entered, unless the state was left before. The duration is a field of the state's struct (a
///   bare name in lower case) or the path of a constant, and is a `std::time::Duration`. The event
///   has an edge here, without a guard, and implements `Default`: the timer makes it, with the tags
///   of the event that entered the state. An edge that stays in its state keeps the timers as they
///   run, unless it says `restart`. The initial state's are set when it is entered again, for a life
///   without events waits for nothing.
///
/// # Parameters
/// The enum may have type and const parameters, with bounds, defaults and a `where` clause: for rules
/// that differ, say, which guards ask. All of them stand in the type of each state (the derive's unit
/// structs have them), and in the trait: `impl<R: Rules> OrderTransitions<R> for Order<R>`. A type
/// parameter is `Clone + Send + Sync + 'static` wherever the lifecycle is used. Events have none. All
/// lives of the enum are of one category, whatever the parameters; a log is to be read with those it
/// was written with. Lifetimes are refused: a life is read back, with nothing to borrow from.
///
/// # What it makes
/// For an enum `Order`, with its visibility: `OrderEvent`, the events as one enum;
/// `OrderTransitions`, the trait with one function for each edge, to be implemented for `Order`
/// (`draft_on_placed`; an edge into a state without data has a body already); `OrderTyped`, one
/// typed aggregate for each state; and the implementations of `Lifecycle`, `State`, `Stage` and
/// `Transition`. What that is for a lifecycle of three states can be read in `docs/expansion.rs`, and
/// what is refused, with every message, in `docs/compiler-messages.md` of the repository.
///
/// With the feature `svg` of `vitae`, which is on unless turned off, the pages of the enum and of
/// `OrderTransitions` show the lifecycle as a picture. Events have their Rust names in it; the
/// pictures of `Lifecycle::diagram` have the stored ones.
#[proc_macro_derive(Lifecycle, attributes(lifecycle, state, on, after))]
pub fn derive_lifecycle(input: TokenStream) -> TokenStream {
    expand(input, lifecycle::derive)
}

/// Derives `vitae::Event`, and `vitae::Schema` with it, for a payload: a struct or an enum that
/// serde serializes and deserializes. It cannot be generic: one stored name has one shape.
///
/// # On the type: `#[event(…)]`
/// * `name = "…"`, required: the stored name of the kind, 1 to 512 bytes, for good.
/// * `version = 2`: the version of the payload, 1 or more; 1 unless given.
/// * `upcast = StartedV1`: the version before, from 2 on. It has the same stored name and the
///   version one less, and this type implements `From` of it. Both are checked.
/// * `tag = field`, any number: the event can be found by the field's value. The tag is
///   `field:value`, with the field's name as serde writes it. `tag = field.inner` is for a field
///   inside it; the tag is then `inner:value`.
/// * `crate = path`: where `vitae` is; `::vitae` unless given.
///
/// As for [`macro@Schema`], serde's attributes are refused where bytes and schema would disagree.
#[proc_macro_derive(Event, attributes(event))]
pub fn derive_event(input: TokenStream) -> TokenStream {
    expand(input, event::derive)
}

/// Derives `vitae::Schema` for a type inside a payload: the shape that serde walks. Type parameters
/// must have a schema themselves, save those that stand in a `PhantomData` only. An event has one
/// from [`macro@Event`] already.
///
/// `#[schema(crate = path)]` says where `vitae` is; `::vitae` unless given.
///
/// Of serde's attributes those are refused that would make the bytes differ from the shape, or hide
/// data (`skip` and its kin, `flatten`, `untagged`, `tag`, `with`, `from`, …), each with what to
/// write instead. `rename = "…"` is the name in the shape; no two fields or variants have one name.
#[proc_macro_derive(Schema, attributes(schema))]
pub fn derive_schema(input: TokenStream) -> TokenStream {
    expand(input, schema::derive)
}

/// What the documentation of a lifecycle shows. Not part of the public API.
#[cfg(feature = "svg")]
#[doc(hidden)]
#[proc_macro]
pub fn picture(input: TokenStream) -> TokenStream {
    picture::expand(input.into()).into()
}

fn expand(
    input: TokenStream,
    derive: fn(&syn::DeriveInput, &error::Errors) -> proc_macro2::TokenStream,
) -> TokenStream {
    let errors = error::Errors::new();
    let mut output = match syn::parse(input) {
        Ok(input) => derive(&input, &errors),
        Err(error) => {
            errors.push(error);
            proc_macro2::TokenStream::new()
        }
    };
    // Behind what an editor reads, which no message moves.
    output.extend(errors.into_tokens());
    output.into()
}
