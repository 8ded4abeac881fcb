window.KettleCharts = {
  bars(element, rows) {
    const most = Math.max(...rows.map((row) => row.value));
    const bars = rows.map((row, place) => `<rect x="${place * 40}" y="${100 - row.value / most * 100}" width="30" height="100"/>`);
    element.innerHTML = `<svg class="bars" viewBox="0 0 200 100" role="img" aria-label="Bars">${bars.join("")}</svg>`;
  },
};
