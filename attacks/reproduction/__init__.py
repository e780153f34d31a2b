"""What the experiments of published papers share: their parts, results so far, and rows beside a paper's."""
