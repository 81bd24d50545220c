/** Owns the start of the page. */
import { render } from "preact";
import { App } from "./app.tsx";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/wall.css";
import "./styles/camera.css";
import "./styles/events.css";
import "./styles/system.css";
import "./styles/form.css";
import "./styles/rules.css";
import "./styles/learning.css";

const place = document.getElementById("app");
if (place) render(<App />, place);
