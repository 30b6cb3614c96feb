"use strict";
// Asks /readyz every five seconds and says how the service is. What can't be known is said to be unknown.

const NAMES = {
  stream: ["Luồng dữ liệu", "Stream"],
  site: ["Địa bàn", "Site"],
  alert_log: ["Sổ cảnh báo", "Alert log"],
  ingest: ["Tiếp nhận", "Ingest"],
  alerts: ["Đánh giá cảnh báo", "Alert engine"],
  canary_engine: ["Tự kiểm tra: tới bộ đánh giá", "Canary at the engine"],
  archive: ["Lưu trữ", "Archive"],
  keeper: ["Canh giữ", "Keeper"],
  database: ["Cơ sở dữ liệu lịch sử", "History"],
  canary_archive: ["Tự kiểm tra: tới kho lưu", "Canary at the archive"],
};
const STATES = { ok: ["✓", "tốt · ok"], degraded: ["!", "giảm sút · degraded"], away: ["✕", "mất · away"] };

function element(tag, text, parent, attributes = {}) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (parent) parent.append(made);
  return made;
}

function verdict(kind, vi, en) {
  const shown = document.getElementById("verdict");
  shown.className = `verdict ${kind}`;
  shown.replaceChildren();
  element("b", vi, shown);
  shown.append(" ");
  element("span", en, shown, { lang: "en" });
}

function show(document_) {
  if (document_.ready) verdict("ok", "Cảnh báo đang hoạt động", "Alerting works");
  else verdict("bad", "Cảnh báo KHÔNG hoạt động", "Alerting does NOT work");
  const list = document.getElementById("checks");
  list.replaceChildren();
  for (const check of document_.checks) {
    const [vi, en] = NAMES[check.name] || [check.name, ""];
    const item = element("li", "", list, { class: check.state });
    const [sign, words] = STATES[check.state] || ["?", check.state];
    element("em", sign, item, { title: words, "aria-label": words, role: "img" });
    element("b", vi, item);
    const age = check.age_s === null ? "" : ` · ${check.age_s.toFixed(1)} s`;
    element("small", check.note ? `${check.note.vi} · ${check.note.en}` : en + age, item);
  }
  document.getElementById("seen").textContent = `Cập nhật · Updated ${new Date(document_.time).toLocaleTimeString("vi-VN")}`;
}

async function look() {
  try {
    const answer = await fetch("/readyz", { cache: "no-store", signal: AbortSignal.timeout(4000) });
    show(await answer.json());
  } catch {
    verdict("bad", "Máy chủ không trả lời", "The server does not answer");
    document.getElementById("checks").replaceChildren();
  }
}

look();
setInterval(look, 5000);
