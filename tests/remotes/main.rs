//! Remotes of the store, and registries of base images, on real servers of this machine: S3 by moto, which is the
//! referee, and by rclone, which is no good one; Azurite; Debian's registry of images.

mod azure;
mod base_images;
mod buckets;
mod registries;
mod rights;
mod servers;
mod teams;
