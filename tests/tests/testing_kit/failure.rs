//! Catching the failure of a test.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// The file of the last panic of this thread; `None` outside of [`of`].
    static FILE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// What a test says that fails as it should. Fails itself if it does not, or if the failure points
/// at another file than that of the test.
#[track_caller]
pub(crate) fn of<T>(test: impl FnOnce() -> T) -> String {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            let caught = FILE.with_borrow_mut(|file| {
                file.as_mut().map(|file| *file = panic.location().unwrap().file().to_owned())
            });
            if caught.is_none() {
                before(panic);
            }
        }));
    });
    FILE.set(Some(String::new()));
    let outcome = catch_unwind(AssertUnwindSafe(test));
    let file = FILE.take().unwrap();
    let Err(failure) = outcome else { panic!("it did not fail") };
    let text = failure.downcast_ref::<String>().cloned();
    let text =
        text.or_else(|| failure.downcast_ref::<&str>().map(|&text| text.to_owned())).unwrap();
    assert!(file.contains("testing_kit"), "the failure points at {file}: {text}");
    text
}
