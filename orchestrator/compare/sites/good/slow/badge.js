customElements.define("kettle-badge", class extends HTMLElement {
  connectedCallback() {
    this.attachShadow({ mode: "open" }).innerHTML = "<p>Badge</p>";
  }
});
