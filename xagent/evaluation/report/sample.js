"use strict";
// One sample in full: question, gold answer, answer, what it rests on, and what the model was sent and said.

/** What an element of the page holds as JSON. */
function held(name) {
  return JSON.parse(document.getElementById(name).textContent);
}

function section(title, ...content) {
  return element("section", {}, element("h4", {}, title), ...content);
}

function folded(title, ...content) {
  return element("details", {}, element("summary", {}, title), ...content);
}

function block(content, language = "", kind = "text") {
  return text(content, "div", { class: kind, lang: language });
}

function listOf(items, item) {
  return element("ul", {}, ...items.map((one) => element("li", {}, ...[item(one)].flat())));
}

/** The answer's text, with what is in the wrong language marked. */
function answerText(answer) {
  const parts = answer.parts.map(([part, foreign]) =>
    (foreign ? element("mark", { class: "foreign", title: `in ${foreign}` }, part) : part));
  return element("div", { class: "text answer", dir: "auto", lang: answer.language }, ...parts);
}

function citation(one) {
  const mark = one.verified ? "verified" : "not verified";
  const place = element("div", { class: "about" }, `[${one.n}] `, text(one.title), " · ", text(one.language), " · ",
    text(one.source), ` · ${one.start}–${one.end} · `, element("span", { class: `badge ${one.verified ? "right" : "reading"}` }, mark));
  return [text(one.quote, "blockquote", { lang: one.language }), place];
}

function claim(one) {
  const marks = one.citations.map((n) => `[${n}]`).join(" ");
  return [text(one.text || "(quotations only)"), ` ${marks}`, one.disputed ? " · disputed" : ""];
}

function passage(one) {
  const relevant = one.relevant ? element("span", { class: "badge right" }, "relevant") : null;
  return [element("div", { class: "about" }, text(one.source), " · ", text(one.language), ` · ${one.score.toFixed(3)} `, relevant),
    block(held(`text-${one.text}`), one.language)];
}

function call(one) {
  // Of a call without a reply, the record has the tokens that were set aside, not used.
  const tokens = `${one.prompt_tokens.toLocaleString("en")} tokens in, ${one.completion_tokens.toLocaleString("en")} out`;
  const cost = `${one.reply ? tokens : "no reply"}, ${(one.milliseconds / 1000).toFixed(2)} s`;
  const sent = one.messages.map(([role, content]) => folded(`sent (${role})`, block(held(`text-${content}`), "", "raw")));
  return folded(`${one.step} · ${cost}`, ...sent,
    ...(one.reply ? [element("h5", {}, "reply"), block(one.reply, "", "raw")] : []));
}

function facts(sample, detail) {
  const listed = [["id", detail.id], ["run", sample.run], ["setting", detail.setting], ["group", detail.group],
    ["asked in", detail.language], ["answer in", detail.answer_language], ["evidence in", detail.evidence_language],
    ["counted under", detail.stratum],
    ["relevant", detail.relevant.join(", ")], ["documents", detail.documents.join(", ")],
    ["repeat", detail.repeat ? String(detail.repeat + 1) : ""], ["seconds", detail.seconds.toFixed(2)],
    ...Object.entries(detail.scores).map(([name, value]) => [name, value.toFixed(3)])];
  const made = element("dl", { class: "facts" });
  for (const [name, value] of listed) if (value) made.append(text(name, "dt"), text(value, "dd"));
  return made;
}

function answered(answer, claims) {
  const parts = [section(`Answer (${answer.language})`, answerText(answer))];
  if (answer.reason) parts.push(element("p", { class: "about" }, "reason: ", text(answer.reason)));
  if (answer.citations.length) parts.push(section("Sources cited", listOf(answer.citations, citation)));
  if (claims.length) parts.push(section("Claims", listOf(claims, claim)));
  if (answer.passages.length) {
    const title = `${answer.passages.length} passages retrieved`;
    parts.push(folded(title, listOf(answer.passages, passage)));
  }
  return parts;
}

function gold(detail) {
  if (!detail.answerable) return element("p", {}, "The documents do not answer it.");
  return detail.answers.length ? listOf(detail.answers, (one) => text(one)) : element("p", {}, "none in the data");
}

function showSample(sample) {
  const detail = held(`sample-${sample.number}`);
  const view = document.getElementById("sample");
  view.replaceChildren(
    text(detail.question, "h3", { lang: detail.language }),
    element("p", { class: "about" }, sample.verdict, " ", badge(sample.loss)),
    ...(detail.options.length ? [section("Options", listOf(detail.options, (one) => text(one)))] : []),
    section("Gold answer", gold(detail)),
    ...(detail.error ? [section("Failed", block(detail.error))] : []),
    ...(detail.answer ? answered(detail.answer, detail.claims) : []),
    ...(detail.calls.length ? [section("Calls to the model", ...detail.calls.map(call))] : []),
    folded("About this sample", facts(sample, detail)));
  view.scrollTop = 0;
}

start();
