import { card } from "./card.js";

const moons = await (await fetch("moons.json")).json();
document.querySelector("#cards").append(...moons.map(card));
document.querySelector("#count").textContent = moons.length;
