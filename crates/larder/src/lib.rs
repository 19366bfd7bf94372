//! Larder keeps dependency builds apart from application builds.
