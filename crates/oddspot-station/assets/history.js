import { listen } from "./label.js";

listen(() => location.reload());
