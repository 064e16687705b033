//! The register of disclosures: what of whom was given to whom, and on which ground.
