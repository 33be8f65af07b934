//! Whatever a task, its environment or an endpoint wrote, and what is made of it.

mod body;
mod connections;
mod dates;
mod json;
mod logs;
mod settings;
mod uuid;
