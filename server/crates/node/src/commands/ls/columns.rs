//! Names side by side.

/// A name as it is printed, and how wide it is.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) text: Vec<u8>,
    pub(super) width: usize,
}

/// Arranges cells in as many columns as fit into `width`: down the columns, or across the rows.
pub(super) fn arrange(cells: &[Cell], width: usize, across: bool, gnu: bool) -> Vec<u8> {
    let mut out = Vec::new();
    if cells.is_empty() {
        return out;
    }
    let (count, widths) = if gnu { fitted(cells, width, across) } else { equal(cells, width) };
    let rows = cells.len().div_ceil(count);
    for row in 0..rows {
        let mut pending = 0;
        for (column, cell_width) in widths.iter().enumerate().take(count) {
            let index = if across { row * count + column } else { column * rows + row };
            let Some(cell) = cells.get(index) else { break };
            out.extend(std::iter::repeat_n(b' ', pending));
            out.extend_from_slice(&cell.text);
            pending = cell_width.saturating_sub(cell.width);
        }
        out.push(b'\n');
    }
    out
}

/// busybox: all columns as wide as the widest name.
fn equal(cells: &[Cell], width: usize) -> (usize, Vec<usize>) {
    let widest = cells.iter().map(|cell| cell.width).max().unwrap_or(0) + 2;
    let count = (width / widest).clamp(1, cells.len());
    let rows = cells.len().div_ceil(count);
    let count = cells.len().div_ceil(rows).max(1);
    (count, vec![widest; count])
}

/// GNU: as many columns as possible, each as wide as it has to be.
fn fitted(cells: &[Cell], width: usize, across: bool) -> (usize, Vec<usize>) {
    let most = (width / 3).clamp(1, cells.len());
    for count in (2..=most).rev() {
        let rows = cells.len().div_ceil(count);
        let mut widths = vec![0; count];
        for (index, cell) in cells.iter().enumerate() {
            let column = if across { index % count } else { index / rows };
            widths[column] = widths[column].max(cell.width + 2);
        }
        let used = widths.iter().filter(|width| **width > 0).count();
        if widths.iter().sum::<usize>() <= width + 1 && used == count {
            return (count, widths);
        }
    }
    (1, vec![0])
}

#[cfg(test)]
mod tests {
    use super::{Cell, arrange};

    fn arranged(width: usize, across: bool, gnu: bool) -> String {
        let names = ["a", "bb", "ccc", "d", "e"];
        let cells: Vec<Cell> =
            names.iter().map(|name| Cell { text: name.as_bytes().to_vec(), width: name.len() }).collect();
        String::from_utf8(arrange(&cells, width, across, gnu)).unwrap()
    }

    #[test]
    fn columns_are_filled_downwards_or_across() {
        assert_eq!(arranged(20, false, false), "a    ccc  e\nbb   d\n");
        assert_eq!(arranged(20, true, false), "a    bb   ccc\nd    e\n");
        assert_eq!(arranged(3, false, false), "a\nbb\nccc\nd\ne\n");
        assert_eq!(arranged(80, false, true), "a  bb  ccc  d  e\n");
    }
}
