export function card(moon) {
  const element = document.createElement("section");
  element.className = "card";
  element.dataset.name = moon.name;
  element.textContent = `${moon.name}: ${moon.days} days`;
  return element;
}
