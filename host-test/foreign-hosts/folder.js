// For `jco run --jco-import` and `jco serve --jco-import`: the component gets this folder, where it would get all of them.

import { cwd } from "node:process";
import { _setPreopens } from "@bytecodealliance/preview2-shim/filesystem";

_setPreopens({ "/": cwd() });
