const body = document.querySelector("#times tbody");
const size = document.querySelector("#size");
let kettles = [];

function show() {
  const shown = kettles.filter((kettle) => !size.value || kettle.size === size.value);
  body.replaceChildren(...shown.map((kettle) => {
    const row = document.createElement("tr");
    for (const text of [kettle.name, kettle.size, kettle.seconds]) {
      row.append(Object.assign(document.createElement("td"), { textContent: text }));
    }
    return row;
  }));
}

async function load() {
  const text = await (await fetch("times.csv")).text();
  kettles = text.trim().split("\n").slice(1).map((line) => {
    const [name, litres, seconds] = line.split(",");
    return { name, size: litres + " l", seconds: Number(seconds) };
  });
  const quickest = kettles.reduce((one, other) => (one.seconds < other.seconds ? one : other));
  document.querySelector("#quickest").textContent = quickest.name;
  size.addEventListener("change", show);
  show();
}

load();
