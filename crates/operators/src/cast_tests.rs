//! Cast shadow goes, things stay.

use crate::bits::Bits;
use crate::cast::Caster;
use crate::classify::Classes;
use crate::grid::Grid;
use crate::sun::Sun;

fn rect(bits: &mut Bits, (left, top, right, bottom): (usize, usize, usize, usize)) {
    (top..bottom).for_each(|y| bits.set_run(y, left, right));
}

#[test]
fn shadow_beside_a_thing_goes_and_a_grey_thing_stays() {
    let mut classes = Classes::new(200, 100);
    // Somebody whose shadow falls to the right, and a grey box alone.
    for place in [(20, 20, 32, 60), (20, 54, 80, 60), (120, 40, 150, 70)] {
        rect(&mut classes.low, place);
    }
    rect(&mut classes.maybe, (34, 54, 80, 60));
    rect(&mut classes.maybe, (120, 40, 150, 70));
    let mut shapes = classes.low.clone();
    let image = Grid::new(200, 100, 0);
    Caster::new(200, 100).trim(&mut shapes, &mut classes, &image, &mut Sun::default());
    assert!(shapes.get(25, 30) && shapes.get(30, 58));
    assert!(!shapes.get(60, 57), "the shadow");
    assert!(shapes.get(121, 41) && shapes.get(149, 69), "the grey box");
}

#[test]
fn shadow_in_the_columns_goes_where_the_scene_has_shown_it() {
    let mut classes = Classes::new(200, 100);
    classes.lit = Grid::new(200, 100, 116);
    let mut image = Grid::new(200, 100, 116);
    // Somebody with a shadow far to both sides, below the feet too.
    rect(&mut classes.low, (90, 20, 102, 60));
    rect(&mut classes.low, (20, 60, 180, 68));
    rect(&mut classes.maybe, (20, 60, 180, 68));
    for (x, y) in (60..68).flat_map(|y| (20..180).map(move |x| (x, y))) {
        image.set(x, y, 76 - (x % 32) as u8 / 2);
    }
    let (mut caster, mut sun) = (Caster::new(200, 100), Sun::default());
    for seen in [false, true] {
        let mut shapes = classes.low.clone();
        caster.trim(&mut shapes, &mut classes, &image, &mut sun);
        assert!(shapes.get(96, 40));
        assert!(!shapes.get(30, 64), "beside");
        assert_eq!(shapes.get(96, 65), !seen, "below");
    }
}

#[test]
fn grey_trousers_come_back() {
    let mut classes = Classes::new(200, 100);
    rect(&mut classes.low, (20, 20, 34, 36));
    rect(&mut classes.shadow, (21, 36, 33, 52));
    let mut shapes = classes.low.clone();
    let image = Grid::new(200, 100, 0);
    Caster::new(200, 100).trim(&mut shapes, &mut classes, &image, &mut Sun::default());
    assert!(shapes.get(27, 44));
    assert!(!shapes.get(27, 56));
}
