// SPDX-FileCopyrightText: 2026 The Hearken authors
// SPDX-License-Identifier: MIT
//
// Sends a recording, follows its job, shows what it found. Without this script the form posts an address all the same.

"use strict";

const at = (id) => document.getElementById(id);
const FILES = [
  ["Report, with pictures", ".html"],
  ["Timeline for a spreadsheet (CSV)", ".csv"],
  ["Labels for Audacity", ".txt"],
  ["Everything as JSON", ".json"],
];
let job = null;

const headers = () => (at("token").value ? { Authorization: `Bearer ${at("token").value}` } : {});

async function ask(address, options = {}) {
  const answer = await fetch(address, { ...options, headers: { ...headers(), ...options.headers } });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(told.message || `the hub answers ${answer.status}`);
  return told;
}

function clock(seconds) {
  const whole = Math.floor(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return parts.slice(parts[0] ? 0 : 1).map((part, index) => (index ? String(part).padStart(2, "0") : part)).join(":");
}

function say(text, failed = false) {
  at("says").textContent = text;
  at("says").classList.toggle("failed", failed);
}

function begin() {
  at("result").hidden = false;
  at("alarms").hidden = true;
  at("files").hidden = true;
  at("progress").hidden = false;
  at("progress").removeAttribute("value");
  at("title").textContent = "";
  say("Sending …");
}

function show(told) {
  at("title").textContent = told.title;
  if (told.progress === null) at("progress").removeAttribute("value");
  else at("progress").value = told.progress;
  const length = told.duration_s ? ` of ${clock(told.duration_s)}` : "";
  const states = { waiting: "Waits for others …", running: `Heard ${clock(told.heard_s)}${length} …` };
  say(states[told.state] ?? told.message ?? told.state, ["failed", "lost"].includes(told.state));
}

async function open_file(event) {
  // With a token, a plain link would be refused: the browser does not send it along.
  if (!at("token").value) return;
  event.preventDefault();
  const answer = await fetch(event.currentTarget.href, { headers: headers() });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = event.currentTarget.dataset.name;
  link.click();
  URL.revokeObjectURL(link.href);
}

function list(report) {
  const rows = report.alarms.map((alarm) => {
    const row = document.createElement("tr");
    const end = alarm.offset_s === null ? "" : clock(alarm.offset_s);
    for (const cell of [clock(alarm.onset_s), end, `${alarm.event_class} (${alarm.label})`, alarm.score.toFixed(2)]) {
      row.appendChild(document.createElement("td")).textContent = cell;
    }
    return row;
  });
  at("alarms").querySelector("tbody").replaceChildren(...rows);
  at("alarms").hidden = rows.length === 0;
  at("files").replaceChildren(...FILES.map(([name, ending]) => {
    const item = document.createElement("li");
    const link = item.appendChild(document.createElement("a"));
    link.href = `reports/${report.id}${ending}`;
    link.textContent = name;
    link.dataset.name = `hearken-${report.id}${ending}`;
    link.addEventListener("click", open_file);
    return item;
  }));
  at("files").hidden = false;
  const heard = `${clock(report.duration_s)} heard, ${report.alarms.length || "no"} alarm${report.alarms.length === 1 ? "" : "s"}.`;
  say([heard, ...report.difficulties, ...report.warnings].join(" "));
}

async function follow(id) {
  for (;;) {
    const { job: told } = await ask(`jobs/${id}?wait=2`);
    if (job !== id) return;
    show(told);
    if (told.state === "done") {
      list((await ask(`reports/${id}`)).report);
      return;
    }
    if (!["waiting", "running"].includes(told.state)) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function submit(event) {
  event.preventDefault();
  const [file] = at("file").files;
  if (!file && !at("url").value) {
    at("url").focus();
    return;
  }
  const fields = { method: at("method").value, preprocess: at("preprocess").value };
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  body.set(file ? "audio" : "url", file ?? at("url").value);
  event.submitter.disabled = true;
  begin();
  try {
    const { job: told } = await ask(file ? "analyze" : "analyze/url", { method: "POST", body });
    job = told.id;
    at("cancel").hidden = false;
    show(told);
    await follow(job);
  } catch (error) {
    say(error.message, true);
  } finally {
    at("progress").hidden = true;
    at("cancel").hidden = true;
    event.submitter.disabled = false;
  }
}

at("ask").addEventListener("submit", submit);
at("cancel").addEventListener("click", () => ask(`jobs/${job}`, { method: "DELETE" }).catch((error) => say(error.message, true)));
