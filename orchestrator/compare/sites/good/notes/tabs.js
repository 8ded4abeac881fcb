document.querySelector("#tabs").addEventListener("click", (event) => {
  for (const text of document.querySelectorAll(".text")) {
    text.hidden = text.id !== event.target.dataset.for;
  }
});
