// The printed ticket opens the print dialog by itself.
addEventListener("load", () => print());
