//! Pictures of curves. Pure: a chart in, the text of an SVG out.

use std::error::Error;

use anyhow::{Result, anyhow};
use plotters::{
    coord::{
        combinators::BindKeyPoints,
        ranged1d::{AsRangedCoord, ValueFormatter},
    },
    prelude::*,
};

use super::figures::tick;
use crate::result::Chart;

/// Width and height in pixels.
const SIZE: (u32, u32) = (960, 480);

/// Width of the column that names the curves, in pixels.
const NAMES: u32 = 230;

/// Legible on white and on near-black: pictures have no ground of their own.
const INK: RGBColor = RGBColor(125, 133, 144);

/// Told apart on either ground, also by those who do not tell red from green (after Okabe and Ito).
const COLOURS: [RGBColor; 8] = [
    RGBColor(30, 136, 229),
    RGBColor(230, 120, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 98, 160),
    RGBColor(150, 120, 220),
    RGBColor(176, 148, 20),
    RGBColor(214, 69, 65),
    RGBColor(60, 170, 200),
];

/// The picture of a chart.
pub(super) fn draw(chart: &Chart) -> Result<String> {
    let points = chart.series.iter().flat_map(|series| &series.points);
    let points = points.filter(|(x, y)| x.is_finite() && y.is_finite());
    let mut xs: Vec<f64> = points.clone().map(|(x, _)| *x).collect();
    // Each once, whatever the number of curves.
    xs.sort_by(f64::total_cmp);
    xs.dedup();
    let most = |values: &[f64]| values.iter().copied().fold(f64::MIN, f64::max);
    let ys: Vec<f64> = points.map(|(_, y)| *y).collect();
    let least = xs.iter().copied().fold(f64::MAX, f64::min);
    anyhow::ensure!(!xs.is_empty(), "it has no points");
    // Never empty, also with a single point.
    let (width, height) = (
        (most(&xs) - least).max(1.0),
        most(&ys).max(f64::MIN_POSITIVE),
    );
    let y = 0.0..height * 1.08;
    let mut text = String::new();
    let drawn = if chart.is_x_logarithmic && least > 0.0 {
        // Marked where it was measured: powers of ten alone may be none or too many.
        let x = (least..least + width).log_scale().with_key_points(xs);
        draw_into(&mut text, chart, x, y)
    } else {
        draw_into(&mut text, chart, least..least + width, y)
    };
    // Its errors borrow the picture.
    drawn.map_err(|error| anyhow!("{error}"))?;
    Ok(text)
}

fn draw_into<X>(
    text: &mut String,
    chart: &Chart,
    x: X,
    y: std::ops::Range<f64>,
) -> Result<(), Box<dyn Error>>
where
    X: AsRangedCoord<Value = f64>,
    X::CoordDescType: ValueFormatter<f64> + Ranged<ValueType = f64>,
{
    let font = |size: u32| ("sans-serif", size).into_font().color(&INK);
    let picture = SVGBackend::with_string(text, SIZE).into_drawing_area();
    let below = picture.titled(&chart.title, font(23))?;
    let (curves, names) = below.split_horizontally(SIZE.0 - NAMES);
    let mut plot = ChartBuilder::on(&curves)
        .margin(12)
        .x_label_area_size(54)
        .y_label_area_size(72)
        .build_cartesian_2d(x, y)?;
    plot.configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(INK.mix(0.3))
        .axis_style(INK)
        .label_style(font(17))
        .x_desc(&chart.x_label)
        .y_desc(&chart.y_label)
        .axis_desc_style(font(18))
        .x_label_formatter(&|x| tick(*x))
        .y_label_formatter(&|y| tick(*y))
        .draw()?;
    let series = chart.series.iter().zip(COLOURS.iter().cycle()).zip(1..);
    for ((series, colour), place) in series {
        let points = series.points.iter().copied();
        let points = points.filter(|(x, y)| x.is_finite() && y.is_finite());
        plot.draw_series(LineSeries::new(points, colour.stroke_width(2)).point_size(3))?;
        let middle = 24 * place;
        let dash = [(4, middle), (24, middle)];
        names.draw(&PathElement::new(dash, colour.stroke_width(3)))?;
        names.draw(&Text::new(&*series.name, (31, middle - 6), font(17)))?;
    }
    picture.present()?;
    Ok(())
}
