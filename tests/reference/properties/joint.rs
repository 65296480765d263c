//! What the joint reading bounds: the image, with the caption of the decoder set by hand.

use proptest::prelude::*;
use reference::equations::objective::{divergence, eq14_objective};
use reference::model::Model as _;
use reference::repairs::ln_evidence_with_fixed_caption;
use reference::vocab::{Beta, Reading};

use super::{at_least, config, same_apart, worlds};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn it_bounds_the_image_under_the_observed_captions_decoder(world in worlds(), extra in 0.0..20.0_f64) {
        let target = ln_evidence_with_fixed_caption(&world).unwrap();
        for beta in [1.0, 1.0 + extra] {
            let objective = eq14_objective(&world, Reading::Joint, Beta::new(beta).unwrap()).unwrap();
            prop_assert!(at_least(target, objective), "{beta}: {} < {}", target.value(), objective.value());
        }
    }

    #[test]
    fn its_divergence_is_at_least_that_of_the_codes(world in worlds()) {
        let (joint, codes) = (divergence(&world, Reading::Joint).unwrap(), divergence(&world, Reading::Footnote).unwrap());
        prop_assert!(at_least(joint, codes), "{} < {}", joint.value(), codes.value());
    }

    #[test]
    fn where_the_decoder_ignores_the_caption_the_target_is_the_image(world in worlds()) {
        let blind = world.caption_free_decoder().unwrap();
        let image = world.ln_evidence_of_image().unwrap();
        prop_assert!(same_apart(ln_evidence_with_fixed_caption(&blind).unwrap(), image));
    }
}
