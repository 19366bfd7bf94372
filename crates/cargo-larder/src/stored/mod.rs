//! The store of compiled units around cooking: what is there is restored first, what is new is kept.

#[cfg(feature = "store")]
pub(crate) mod terms;

use larder::{
    cook::Phase,
    doctor::facts::{Answer, StoreFacts},
    recipe::lock_file::LockedSlice,
};

use crate::{cli::Selection, context::VerbContext};

/// The store for `doctor`.
#[cfg(not(feature = "store"))]
pub(crate) fn look(_: &VerbContext) -> Answer<Option<StoreFacts>> {
    Err("this Larder was built without the store".to_owned())
}

/// The store for `doctor`; `None` if it is off.
#[cfg(feature = "store")]
pub(crate) fn look(context: &VerbContext) -> Answer<Option<StoreFacts>> {
    if context.process.env.get_str("LARDER_STORE") == Some("off") {
        return Ok(None);
    }
    let options = terms::options(context, None).ok_or("no folder for caches is known")?;
    let team = terms::team_for_a_look(context);
    Ok(Some(larder_store::health::look(&context.project, &options, team)))
}

#[cfg(not(feature = "store"))]
pub(crate) struct Stored;

#[cfg(not(feature = "store"))]
impl Stored {
    pub(crate) fn open(_: &VerbContext, selection: &Selection) -> anyhow::Result<Self> {
        use crate::cli::StoreUse;
        match selection.store {
            Some(StoreUse::Read | StoreUse::Write) => {
                anyhow::bail!("this Larder was built without the store")
            }
            Some(StoreUse::Off) | None => Ok(Self),
        }
    }

    #[expect(clippy::unused_self, reason = "the same call with and without a store")]
    pub(crate) fn around(
        &self,
        _: &LockedSlice,
        _: &[String],
        cook: impl FnOnce() -> larder::Result<Phase>,
    ) -> larder::Result<Phase> {
        cook()
    }
}

#[cfg(feature = "store")]
pub(crate) struct Stored<'a>(Option<larder_store::Session<'a>>);

#[cfg(feature = "store")]
impl<'a> Stored<'a> {
    /// The store, unless it is not to be used.
    #[expect(clippy::unnecessary_wraps, reason = "without the store it may be refused")]
    pub(crate) fn open(context: &'a VerbContext, selection: &Selection) -> anyhow::Result<Self> {
        let options = terms::options(context, selection.store);
        let session = options.map(|options| {
            let team = terms::team(context, None);
            larder_store::Session::open(&context.project, options, team, &context.terminal)
        });
        Ok(Self(session))
    }

    pub(crate) fn around(
        &self,
        locked: &LockedSlice,
        words: &[String],
        cook: impl FnOnce() -> larder::Result<Phase>,
    ) -> larder::Result<Phase> {
        let Some(session) = &self.0 else { return cook() };
        let before = session.before(locked, words);
        let mut phase = cook()?;
        phase.restored = Some(before.restored.units);
        session.after(&before, &phase);
        // By now cargo found them fresh.
        phase.counts.compiled += before.scripts;
        phase.counts.compiled_external += before.scripts;
        phase.counts.fresh = phase.counts.fresh.saturating_sub(before.scripts);
        Ok(phase)
    }
}
