//! The rules of the project as tests: each failure names the file, the line and what to write instead.
//!
//! Every rule is a function over text, so that a sample which breaks it can be given to it too: the
//! tests named `notices_…` do that, because a rule that cannot fail is worth nothing.

mod tidy {
    mod bans;
    mod documents;
    mod finding;
    mod form;
    mod manifests;
    mod paths;
    mod project;
    mod rooms;
    mod syntax;
}
