// What `#[derive(Lifecycle)]` makes of `Order` in examples/first-steps/src/main.rs, as the compiler
// gets it. ARCHITECTURE.md walks through it; a test of `vitae-macros` keeps it true.

#[allow(unexpected_cfgs)]
const _: () = {
    #[cfg(rust_analyzer)]
    {
        let _: (Placed,);
        use Order::Open;
        let _: (Open,);
        let _: (Paid,);
        use Order::Done;
    }
};
/// State `Draft` of `Order`.
///
/// What can happen:
/// * `Placed`, which leads to `Open`
#[derive(
    ::core::clone::Clone,
    ::core::marker::Copy,
    ::core::fmt::Debug,
    ::core::default::Default,
    ::core::cmp::PartialEq,
    ::core::cmp::Eq,
)]
struct Draft;
/// State `Done` of `Order`.
///
/// It is terminal: nothing can happen any more.
#[derive(
    ::core::clone::Clone,
    ::core::marker::Copy,
    ::core::fmt::Debug,
    ::core::default::Default,
    ::core::cmp::PartialEq,
    ::core::cmp::Eq,
)]
struct Done;
/// The events of `Order`.
#[allow(deprecated, clippy::enum_variant_names)]
enum OrderEvent {
    /// Can happen in `Draft`.
    Placed(Placed),
    /// Can happen in `Open`.
    Paid(Paid),
}
/// What each event of `Order` does: one function for each edge.
///
/// The functions are pure: they know the state, the event and its context, and nothing else, so that a life read back is the life that was lived.
#[cfg_attr(doc, doc = ::vitae::__private::picture!("Order" ["Draft" initial, "Open", "Done" terminal] [0 "Placed" 1, 1 "Paid" 2]))]
#[allow(deprecated)]
trait OrderTransitions: ::vitae::__private::Sized {
    /// In state `Draft`, `Placed` happened: to `Open`.
    #[must_use]
    fn draft_on_placed(from: Draft, event: &Placed, cx: &::vitae::Context) -> Open;
    /// In state `Open`, `Paid` happened: to `Done`.
    #[must_use]
    fn open_on_paid(from: Open, event: &Paid, cx: &::vitae::Context) -> Done {
        let _ = (from, event, cx);
        Done
    }
}
/// An aggregate of `Order`, sorted by its state.
#[allow(deprecated, clippy::enum_variant_names)]
enum OrderTyped {
    /// In state `Draft`.
    ///
    /// What can happen:
    /// * `Placed`, which leads to `Open`
    Draft(::vitae::__private::Aggregate<Order, Draft>),
    /// In state `Open`.
    ///
    /// What can happen:
    /// * `Paid`, which leads to `Done`
    Open(::vitae::__private::Aggregate<Order, Open>),
    /// In state `Done`.
    ///
    /// It is terminal: nothing can happen any more.
    Done(::vitae::__private::Aggregate<Order, Done>),
}
#[allow(deprecated)]
const _: () = {
    use ::vitae::__private as __v;
    static __TABLE: __v::Definition = __v::Definition {
        name: "order",
        states: &[__v::initial("Draft"), __v::state("Open"), __v::terminal("Done")],
        events: &[__v::payload::<Placed>().row("Placed"), __v::payload::<Paid>().row("Paid")],
        edges: &[__v::edge(0, 0, 1, __v::None), __v::edge(1, 1, 2, __v::None)],
    };
    static __SAME_KINDS: [__v::Option<__v::usize>; 2] = __v::same_kinds(&__TABLE);
    const _: () = __v::distinct_kind(&__TABLE, &__SAME_KINDS, 1);
    #[cfg_attr(doc, doc = ::vitae::__private::picture!("Order" ["Draft" initial, "Open", "Done" terminal] [0 "Placed" 1, 1 "Paid" 2]))]
    #[automatically_derived]
    impl __v::Lifecycle for Order {
        type Event = OrderEvent;
        type Refusal = __v::Refusal;
        type Typed = OrderTyped;
        const DEFINITION: &'static __v::Definition = &__TABLE;
        fn initial() -> Self {
            Order::Draft
        }
        fn duplicate(&self) -> Self {
            match self {
                Order::Draft => <Draft as __v::Stage<Self>>::duplicate(&Draft),
                Order::Open(__state) => <Open as __v::Stage<Self>>::duplicate(__state),
                Order::Done => <Done as __v::Stage<Self>>::duplicate(&Done),
            }
        }
        fn state(&self) -> &'static __v::StateDefinition {
            match self {
                Order::Draft { .. } => <Draft as __v::State>::DEFINITION,
                Order::Open { .. } => <Open as __v::State>::DEFINITION,
                Order::Done { .. } => <Done as __v::State>::DEFINITION,
            }
        }
        fn check(
            &self,
            __event: &OrderEvent,
            __context: &__v::Context,
        ) -> __v::Result<(), __v::Rejection<__v::Refusal>> {
            let _ = __context;
            match (self, __event) {
                (Order::Draft { .. }, OrderEvent::Placed(_)) => __v::Ok(()),
                (Order::Open { .. }, OrderEvent::Paid(_)) => __v::Ok(()),
                _ => __v::illegal(self, __event),
            }
        }
        fn apply(self, __event: &OrderEvent, __context: &__v::Context) -> __v::Result<Self, Self> {
            __v::Ok(match (self, __event) {
                (Order::Draft, OrderEvent::Placed(__event)) => Order::Open(
                    <Order as OrderTransitions>::draft_on_placed(Draft, __event, __context),
                ),
                (Order::Open(__state), OrderEvent::Paid(__event)) => {
                    <Done as __v::Stage<Self>>::release(<Order as OrderTransitions>::open_on_paid(
                        __state, __event, __context,
                    ))
                }
                (__state, _) => return __v::Err(__state),
            })
        }
        fn typed(__aggregate: __v::Aggregate<Self>) -> OrderTyped {
            let (__parts, __state) = __v::split(__aggregate);
            match __state {
                Order::Draft => OrderTyped::Draft(__v::join(__parts, Draft)),
                Order::Open(__state) => OrderTyped::Open(__v::join(__parts, __state)),
                Order::Done => OrderTyped::Done(__v::join(__parts, Done)),
            }
        }
    }
    #[automatically_derived]
    impl __v::State for Draft {
        type Lifecycle = Order;
        const DEFINITION: &'static __v::StateDefinition = &__TABLE.states[0];
    }
    #[automatically_derived]
    impl __v::Stage<Order> for Draft {
        type Held = Self;
        const NAME: &'static __v::str = "Draft";
        fn hold(__whole: Order) -> __v::Result<Self, Order> {
            match __whole {
                Order::Draft => __v::Ok(Draft),
                __whole => __v::Err(__whole),
            }
        }
        fn release(__value: Self) -> Order {
            Order::Draft
        }
        fn duplicate(__value: &Self) -> Order {
            Order::Draft
        }
    }
    /// State `Open` of `Order`.
    ///
    /// What can happen:
    /// * `Paid`, which leads to `Done`
    #[automatically_derived]
    impl __v::State for Open {
        type Lifecycle = Order;
        const DEFINITION: &'static __v::StateDefinition = &__TABLE.states[1];
    }
    #[automatically_derived]
    impl __v::Stage<Order> for Open {
        type Held = Self;
        const NAME: &'static __v::str = "Open";
        fn hold(__whole: Order) -> __v::Result<Self, Order> {
            match __whole {
                Order::Open(__value) => __v::Ok(__value),
                __whole => __v::Err(__whole),
            }
        }
        fn release(__value: Self) -> Order {
            Order::Open(__value)
        }
        fn duplicate(__value: &Self) -> Order {
            Order::Open(__v::copy_of(__value))
        }
    }
    #[automatically_derived]
    impl __v::State for Done {
        type Lifecycle = Order;
        const DEFINITION: &'static __v::StateDefinition = &__TABLE.states[2];
    }
    #[automatically_derived]
    impl __v::Stage<Order> for Done {
        type Held = Self;
        const NAME: &'static __v::str = "Done";
        fn hold(__whole: Order) -> __v::Result<Self, Order> {
            match __whole {
                Order::Done => __v::Ok(Done),
                __whole => __v::Err(__whole),
            }
        }
        fn release(__value: Self) -> Order {
            Order::Done
        }
        fn duplicate(__value: &Self) -> Order {
            Order::Done
        }
    }
    #[automatically_derived]
    impl __v::LifecycleEvent for OrderEvent {
        fn definition(&self) -> &'static __v::EventDefinition {
            match self {
                Self::Placed(_) => &__TABLE.events[0],
                Self::Paid(_) => &__TABLE.events[1],
            }
        }
        fn decode(
            __kind: &__v::str,
            __version: __v::u32,
            __payload: &[__v::u8],
        ) -> __v::Result<Self, __v::DecodeError> {
            if __kind == __v::payload::<Placed>().kind {
                return (__v::payload::<Placed>().decode)(__version, __payload).map(Self::Placed);
            }
            if __kind == __v::payload::<Paid>().kind {
                return (__v::payload::<Paid>().decode)(__version, __payload).map(Self::Paid);
            }
            __v::Err(__v::DecodeError::UnknownKind)
        }
        fn any(&self) -> &dyn __v::AnyEvent {
            match self {
                Self::Placed(__event) => (__v::payload::<Placed>().any)(__event),
                Self::Paid(__event) => (__v::payload::<Paid>().any)(__event),
            }
        }
    }
    #[automatically_derived]
    impl __v::Transition<Draft> for Placed {
        type To = Open;
        fn apply(__state: Draft, __event: &Self, __context: &__v::Context) -> Open {
            <Order as OrderTransitions>::draft_on_placed(__state, __event, __context)
        }
    }
    #[automatically_derived]
    impl __v::Transition<Open> for Paid {
        type To = Done;
        fn apply(__state: Open, __event: &Self, __context: &__v::Context) -> Done {
            <Order as OrderTransitions>::open_on_paid(__state, __event, __context)
        }
    }
    #[automatically_derived]
    impl __v::From<Placed> for OrderEvent {
        fn from(__event: Placed) -> Self {
            Self::Placed(__event)
        }
    }
    #[automatically_derived]
    impl __v::From<Paid> for OrderEvent {
        fn from(__event: Paid) -> Self {
            Self::Paid(__event)
        }
    }
    #[automatically_derived]
    impl __v::Debug for OrderEvent {
        fn fmt(&self, __f: &mut __v::Formatter<'_>) -> __v::fmt::Result {
            __f.write_str(match self {
                Self::Placed(_) => "Placed",
                Self::Paid(_) => "Paid",
            })
        }
    }
    impl __v::Debug for OrderTyped {
        fn fmt(&self, __f: &mut __v::Formatter<'_>) -> __v::fmt::Result {
            match self {
                Self::Draft(__aggregate) => __v::show(__f, "Draft", __aggregate),
                Self::Open(__aggregate) => __v::show(__f, "Open", __aggregate),
                Self::Done(__aggregate) => __v::show(__f, "Done", __aggregate),
            }
        }
    }
};
