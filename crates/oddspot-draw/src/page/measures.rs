//! The tables of measures on a page, one a protocol.

use super::measured::Measured;
use oddspot_measure::report::words::{UNDEFINED, notes, percent, three_digits, title};
use oddspot_measure::report::{MapKind, Measures, OperatingPoint, Protocol, ProtocolMeasures};

/// The measures of all maps under one protocol.
pub(super) struct ProtocolTable {
    pub(super) name: &'static str,
    pub(super) title: String,
    pub(super) groups: Vec<Group>,
    pub(super) notes: Vec<String>,
}

/// The lines of all images, or of one defect.
pub(super) struct Group {
    pub(super) name: String,
    pub(super) lines: Vec<Line>,
}

pub(super) struct Line {
    pub(super) name: String,
    /// In percent, but for the scores of the best F1.
    pub(super) cells: [String; 9],
}

impl ProtocolTable {
    pub(super) fn new(measured: Measured, protocol: Protocol, measures: &ProtocolMeasures) -> Self {
        let evaluation = measured.evaluation;
        let below = measured.baseline.and_then(|baseline| {
            let maps = &baseline.protocols.get(&protocol)?.maps;
            let title = MapKind::Total.title(&baseline.model.settings);
            Some((title, maps.get(&MapKind::Total)?))
        });
        let settings = &evaluation.model.settings;
        let maps = (measures.maps.iter()).map(|(&kind, map)| (kind.title(settings), map));
        let maps: Vec<_> = maps.chain(below).collect();
        let all = maps.iter().map(|(name, map)| Line::new(name, &map.overall));
        let mut groups = vec![Group {
            name: "all test images".to_owned(),
            lines: all.collect(),
        }];
        for (defect, count) in &evaluation.data.defects {
            let of_defect = maps.iter().filter_map(|(name, map)| {
                let measures = map.defects.get(defect)?;
                Some(Line::new(name, measures))
            });
            groups.push(Group {
                name: format!("{defect} ({count}) with all good images"),
                lines: of_defect.collect(),
            });
        }
        let of_maps = maps
            .iter()
            .flat_map(|(_, map)| std::iter::once(&map.overall).chain(map.defects.values()));
        Self {
            name: protocol.name(),
            title: title(protocol, measures).replace('`', ""),
            groups,
            notes: notes(of_maps, measures),
        }
    }
}

impl Line {
    fn new(name: &str, m: &Measures) -> Self {
        let f1 = |point: Option<OperatingPoint>| {
            let at = point.map(|point| three_digits(f64::from(point.threshold)));
            [
                percent(point.map(|point| point.f1)),
                at.unwrap_or_else(|| UNDEFINED.to_owned()),
            ]
        };
        let [image_f1, image_at] = f1(m.image_f1);
        let [pixel_f1, pixel_at] = f1(m.pixel_f1);
        Self {
            name: name.to_owned(),
            cells: [
                percent(m.image_auc),
                percent(m.image_ap),
                image_f1,
                image_at,
                percent(m.pixel_auc),
                percent(m.pixel_ap),
                pixel_f1,
                pixel_at,
                percent(m.au_pro),
            ],
        }
    }
}
