//! rust-analyzer with the fixture opened.

use std::path::Path;

use ra_ap_ide::{
    Analysis, AnalysisHost, CompletionConfig, CompletionFieldsToResolve, CompletionItem, FileId,
    FilePosition, GotoDefinitionConfig, RaFixtureConfig, TextSize,
};
use ra_ap_ide_db::imports::insert_use::{ImportGranularity, InsertUseConfig, PrefixKind};
use ra_ap_ide_db::{ChangeWithProcMacros, SnippetCap};
use ra_ap_load_cargo::{LoadCargoConfig, ProcMacroServerChoice, load_workspace_at};
use ra_ap_project_model::{CargoConfig, RustLibSource};

use crate::cases::{Case, Expected};

pub struct Editor {
    host: AnalysisHost,
    files: Vec<(FileId, String)>,
}

impl Editor {
    /// Opens the crate in a folder, its derives built and running.
    pub fn open(folder: &str) -> Self {
        let cargo =
            CargoConfig { sysroot: Some(RustLibSource::Discover), ..CargoConfig::default() };
        let load = LoadCargoConfig {
            load_out_dirs_from_check: true,
            with_proc_macro_server: ProcMacroServerChoice::Sysroot,
            prefill_caches: false,
            num_worker_threads: 1,
            proc_macro_processes: 1,
        };
        let (db, vfs, server) = load_workspace_at(Path::new(folder), &cargo, &load, &|_| ())
            .expect("the fixture can be loaded");
        assert!(server.is_some(), "rust-analyzer's server for macros is not installed");
        let host = AnalysisHost::with_database(db);
        let sources = vfs.iter().filter(|(_, path)| path.to_string().starts_with(folder));
        let files = sources.map(|(file, _)| {
            let text = host.analysis().file_text(file).expect("nothing is cancelled");
            (file, text.to_string())
        });
        let files = files.collect();
        Self { host, files }
    }

    /// Makes the case's edit and asks; what was found, if it is not what was expected.
    pub fn ask(&mut self, case: &Case) -> Result<(), String> {
        let (file, text) = self.file_with(case.was);
        let edited = text.replacen(case.was, case.is, 1);
        let cursor = edited.find("$0").expect("a case has a cursor");
        self.write(file, edited.replacen("$0", "", 1));
        let offset = TextSize::new(u32::try_from(cursor).expect("a fixture is small"));
        let answer =
            answer(&self.host.analysis(), FilePosition { file_id: file, offset }, &case.expected);
        self.write(file, text);
        answer
    }

    fn file_with(&self, was: &str) -> (FileId, String) {
        let mut files = self.files.iter().filter(|(_, text)| text.matches(was).count() == 1);
        files.next().unwrap_or_else(|| panic!("`{was}` does not stand once in the fixture")).clone()
    }

    fn write(&mut self, file: FileId, text: String) {
        let mut change = ChangeWithProcMacros::default();
        change.change_file(file, Some(text));
        self.host.apply_change(change);
    }
}

fn answer(analysis: &Analysis, position: FilePosition, expected: &Expected) -> Result<(), String> {
    match expected {
        Expected::Reaches(line) => {
            let reached = reached(analysis, position);
            if reached.first().is_some_and(|first| first == line) {
                Ok(())
            } else {
                Err(format!("{reached:#?}"))
            }
        }
        Expected::Offers(wanted, unwanted) => {
            let offered = offered(analysis, position);
            let has = |name: &&str| offered.iter().any(|it| it == name);
            if wanted.iter().all(has) && !unwanted.iter().any(has) {
                return Ok(());
            }
            Err(format!("{offered:?}"))
        }
    }
}

/// The lines that go-to-definition leads to.
fn reached(analysis: &Analysis, position: FilePosition) -> Vec<String> {
    let config = GotoDefinitionConfig { ra_fixture: RaFixtureConfig::default() };
    let targets = analysis.goto_definition(position, &config).expect("nothing is cancelled");
    let targets = targets.into_iter().flat_map(|targets| targets.info);
    let lines = targets.map(|target| {
        let text = analysis.file_text(target.file_id).expect("nothing is cancelled");
        let start = usize::from(target.focus_or_full_range().start());
        let line = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        text[line..].lines().next().unwrap_or_default().trim().to_owned()
    });
    lines.collect()
}

/// What completion would insert, where it inserts nothing else.
fn offered(analysis: &Analysis, position: FilePosition) -> Vec<String> {
    let items = analysis.completions(&completion(), position, None).expect("nothing is cancelled");
    items.iter().flatten().map(inserted).collect()
}

fn inserted(item: &CompletionItem) -> String {
    let text: String = item.text_edit.iter().map(|edit| edit.insert.as_str()).collect();
    // Where the cursor stands then.
    text.trim_end_matches("$0").to_owned()
}

/// As an editor has it unless told otherwise.
fn completion() -> CompletionConfig<'static> {
    CompletionConfig {
        enable_postfix_completions: true,
        enable_imports_on_the_fly: true,
        enable_self_on_the_fly: true,
        enable_auto_iter: true,
        enable_auto_await: true,
        enable_private_editable: false,
        enable_term_search: false,
        term_search_fuel: 0,
        full_function_signatures: false,
        callable: Some(ra_ap_ide::CallableSnippets::FillArguments),
        add_colons_to_module: true,
        add_semicolon_to_unit: true,
        snippet_cap: SnippetCap::new(true),
        insert_use: InsertUseConfig {
            granularity: ImportGranularity::Crate,
            prefix_kind: PrefixKind::Plain,
            enforce_granularity: true,
            group: true,
            skip_glob_imports: true,
        },
        prefer_no_std: false,
        prefer_prelude: true,
        prefer_absolute: false,
        snippets: Vec::new(),
        limit: None,
        fields_to_resolve: CompletionFieldsToResolve::empty(),
        exclude_flyimport: Vec::new(),
        exclude_traits: &[],
        ra_fixture: RaFixtureConfig::default(),
    }
}
