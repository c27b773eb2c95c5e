-- Messages → facts. One statement a step; steps are split at lines that hold only a semicolon.
-- Dialect-free subset: integers, 0/1 flags, CASE, equi-joins, row_number/lag/lead/count/sum/min/max. No zones, no intervals.
-- Staging (made by the adapter): stage_messages, stage_attributes, stage_assigned, stage_conversations, stage_transfers.
-- Times are UTC milliseconds; {local(x)} is x as shop wall-clock milliseconds (a CASE over the zone's offsets).

-- segments: one row per conversation and number of human messages so far (h). Segment 0 is what came before the first human
-- message; segment h starts with the h-th human message. Asks, answers, turns, effort and clocks all follow from it.
CREATE TABLE segments AS
SELECT conv, h,
  max(m_cust) AS cust, max(m_channel) AS channel,
  max(CASE WHEN is_cust = 1 THEN m_language END) AS ask_language, max(m_language) AS any_language,
  min(CASE WHEN is_human = 1 THEN sent END) AS human_ms, max(CASE WHEN is_human = 1 THEN m_agent END) AS agent,
  max(CASE WHEN is_human = 1 THEN m_polite END) AS polite,
  min(CASE WHEN is_cust = 1 THEN sent END) AS ask_ms,
  min(CASE WHEN is_smart = 1 THEN sent END) AS smart_ms, min(CASE WHEN is_greet = 1 AND n_asked > 0 THEN sent END) AS greet_ms,
  max(CASE WHEN is_cust = 1 THEN rn END) AS cust_rn, max(CASE WHEN is_smart = 1 THEN rn END) AS smart_rn,
  CAST(sum(is_cust) AS BIGINT) AS n_cust, CAST(sum(is_smart) AS BIGINT) AS n_smart, CAST(sum(is_msg) AS BIGINT) AS n_msg,
  min(CASE WHEN is_msg = 1 THEN sent END) AS first_ms, max(CASE WHEN is_msg = 1 THEN sent END) AS last_ms,
  min(CASE WHEN is_close = 1 THEN sent END) AS first_close_ms, max(CASE WHEN is_close = 1 THEN sent END) AS last_close_ms,
  CAST(sum(is_close) AS BIGINT) AS n_close, max(CASE WHEN is_reopen = 1 THEN sent END) AS reopen_ms,
  max(CASE WHEN is_close = 1 THEN rn END) AS close_rn, max(CASE WHEN is_reopen = 1 THEN rn END) AS reopen_rn
FROM (
  SELECT conv, m_cust, m_channel, m_language, m_agent, m_polite, sent, is_cust, is_human, is_smart, is_greet, is_msg, is_close, is_reopen,
    CAST(sum(is_human) OVER (PARTITION BY conv ORDER BY sent, seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS INTEGER) AS h,
    CAST(sum(is_cust) OVER (PARTITION BY conv ORDER BY sent, seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS INTEGER) AS n_asked,
    CAST(row_number() OVER (PARTITION BY conv ORDER BY sent, seq) AS INTEGER) AS rn
  FROM stage_messages
) AS numbered
GROUP BY conv, h
;
-- turns: one row per ask–answer turn. A turn runs from the first customer message after the last human message to the next human
-- message; turn 0 is the first response. answer_ms is null while the turn is open.
CREATE TABLE turns AS
SELECT conv, h AS turn_no, ask_ms, answer_ms, agent
FROM (
  SELECT conv, h, ask_ms,
    lead(human_ms) OVER (PARTITION BY conv ORDER BY h) AS answer_ms, lead(agent) OVER (PARTITION BY conv ORDER BY h) AS agent
  FROM segments
) AS paired
WHERE ask_ms IS NOT NULL
;
-- spoken: one row per human message with the gap to what it follows: the later of the agent's own last message in the conversation
-- and the ask it answers; at most five minutes of it is effort.
CREATE TABLE spoken AS
SELECT conv, h, agent, human_ms,
  CASE WHEN since_ms IS NULL THEN 0 WHEN human_ms - since_ms > 300000 THEN 300000 ELSE human_ms - since_ms END AS gap_ms
FROM (
  SELECT conv, h, agent, human_ms,
    CASE WHEN own_ms IS NULL THEN ask_ms WHEN ask_ms IS NULL THEN own_ms WHEN own_ms > ask_ms THEN own_ms ELSE ask_ms END AS since_ms
  FROM (
    SELECT conv, h, agent, human_ms,
      lag(human_ms) OVER (PARTITION BY conv, agent ORDER BY h) AS own_ms, answered_ms AS ask_ms
    FROM (SELECT conv, h, agent, human_ms, lag(ask_ms) OVER (PARTITION BY conv ORDER BY h) AS answered_ms FROM segments) AS looked
    WHERE h > 0
  ) AS back
) AS since
;
-- agents: one row per conversation and person who wrote in it.
CREATE TABLE agents AS
SELECT conv, agent, CAST(count(*) AS BIGINT) AS n_said, min(human_ms) AS from_ms, max(human_ms) AS to_ms
FROM spoken WHERE agent IS NOT NULL GROUP BY conv, agent
;
-- spans: from first to last message, the yardstick of concurrency.
CREATE TABLE spans AS
SELECT conv, min(g.first_ms) AS first_ms, max(g.last_ms) AS last_ms FROM segments AS g GROUP BY conv
;
-- effort: Σ gap / number of the agent's conversations open at that moment (starts before, ends after: +1, then messages, then −1).
CREATE TABLE effort AS
SELECT conv, CAST(round(sum(CASE WHEN open_now > 0 THEN gap_ms * 1.0 / open_now ELSE gap_ms END)) AS BIGINT) AS handle_ms,
  CAST(sum(CASE WHEN open_now > 0 THEN open_now ELSE 1 END) AS BIGINT) AS open_sum, CAST(count(*) AS BIGINT) AS n_said
FROM (
  SELECT conv, step, gap_ms,
    CAST(sum(change) OVER (PARTITION BY agent ORDER BY t, step ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS INTEGER) AS open_now
  FROM (
    SELECT agents.agent, agents.conv, spans.first_ms AS t, 0 AS step, 1 AS change, 0 AS gap_ms FROM agents JOIN spans ON agents.conv = spans.conv
    UNION ALL
    SELECT agents.agent, agents.conv, spans.last_ms AS t, 2 AS step, -1 AS change, 0 AS gap_ms FROM agents JOIN spans ON agents.conv = spans.conv
    UNION ALL
    SELECT agent, conv, human_ms AS t, 1 AS step, 0 AS change, gap_ms FROM spoken
  ) AS moves
) AS counted
WHERE step = 1
GROUP BY conv
;
-- activity: which agent was seen writing in which five minutes of which local day.
CREATE TABLE activity AS
SELECT DISTINCT agent, CAST((local_ms - mod(local_ms, 300000)) / 300000 AS BIGINT) AS slot_no
FROM (SELECT agent, {local(human_ms)} AS local_ms FROM spoken WHERE agent IS NOT NULL) AS placed
;
-- said: one row per conversation that has messages.
CREATE TABLE said AS
SELECT conv, max(g.cust) AS cust, max(g.channel) AS channel,
  max(CASE WHEN g.h = 0 THEN g.ask_language END) AS first_language, max(g.ask_language) AS ask_language, max(g.any_language) AS any_language,
  min(CASE WHEN g.h = 0 THEN g.ask_ms END) AS opening_ms,
  min(CASE WHEN g.h = 1 THEN g.human_ms END) AS first_human_ms, max(g.human_ms) AS last_human_ms,
  min(g.smart_ms) AS first_smart_ms, min(g.greet_ms) AS greet_ms,
  max(CASE WHEN g.h = 0 THEN g.cust_rn END) AS open_cust_rn, max(CASE WHEN g.h = 0 THEN g.smart_rn END) AS open_smart_rn,
  CAST(sum(CASE WHEN g.h = 0 THEN g.n_cust ELSE 0 END) AS BIGINT) AS n_open_cust, CAST(sum(g.n_cust) AS BIGINT) AS n_cust,
  CAST(sum(CASE WHEN g.h > 0 THEN 1 ELSE 0 END) AS BIGINT) AS n_human, CAST(sum(g.n_smart) AS BIGINT) AS n_smart, CAST(sum(g.n_msg) AS BIGINT) AS n_msg,
  min(g.first_ms) AS first_ms, max(g.last_ms) AS last_ms,
  min(g.first_close_ms) AS first_close_ms, max(g.last_close_ms) AS last_close_ms, CAST(sum(g.n_close) AS BIGINT) AS n_close,
  max(g.reopen_ms) AS reopen_ms, max(g.close_rn) AS close_rn, max(g.reopen_rn) AS reopen_rn, max(g.polite) AS polite
FROM segments AS g GROUP BY conv
;
-- owners: by most human messages (tie: the earliest), by first, by last; n_agents and hand-overs seen in the messages.
CREATE TABLE owners AS
SELECT conv,
  max(CASE WHEN by_most = 1 THEN agent END) AS owner_most, max(CASE WHEN by_first = 1 THEN agent END) AS owner_first,
  max(CASE WHEN by_last = 1 THEN agent END) AS owner_last, CAST(count(*) AS BIGINT) AS n_agents
FROM (
  SELECT conv, agent,
    row_number() OVER (PARTITION BY conv ORDER BY n_said DESC, from_ms, agent) AS by_most,
    row_number() OVER (PARTITION BY conv ORDER BY from_ms, agent) AS by_first,
    row_number() OVER (PARTITION BY conv ORDER BY to_ms DESC, agent) AS by_last
  FROM agents
) AS ranked
GROUP BY conv
;
-- known: every conversation, from messages, from the conversation file, or from both.
CREATE TABLE known AS
SELECT conv FROM said UNION SELECT conv FROM stage_conversations
;
-- joined: what messages and file say, side by side. Messages win for clocks, the file for what only it knows.
CREATE TABLE joined AS
SELECT known.conv,
  CASE WHEN s.conv IS NOT NULL THEN 1 ELSE 0 END AS has_messages,
  coalesce(s.cust, f.cust) AS cust, coalesce(s.channel, f.channel) AS channel,
  coalesce(f.language, s.first_language, s.ask_language, s.any_language) AS language,
  coalesce(f.category, a.category) AS category, coalesce(f.priority, a.priority) AS priority,
  coalesce(f.team, a.team) AS team, coalesce(f.shift, a.shift) AS shift, coalesce(f.order_id, a.order_id) AS order_id,
  coalesce(g.agent, f.assigned, a.assigned) AS assigned,
  o.owner_most, o.owner_first, o.owner_last, coalesce(o.n_agents, 0) AS n_agents,
  coalesce(s.opening_ms, s.first_ms, f.start_ms) AS start_ms,
  CASE WHEN s.conv IS NULL OR s.n_msg = 0 THEN coalesce(f.customer_started, 1) WHEN s.opening_ms IS NOT NULL THEN 1 ELSE 0 END AS customer_started,
  coalesce(f.holiday, a.holiday, 0) AS holiday,
  CASE WHEN s.conv IS NOT NULL THEN s.first_human_ms ELSE f.first_human_ms END AS first_human_ms,
  CASE WHEN s.conv IS NOT NULL THEN s.last_human_ms ELSE f.first_human_ms END AS last_human_ms,
  s.first_smart_ms, CASE WHEN s.greet_ms >= s.opening_ms THEN s.greet_ms END AS greet_ms,
  CASE WHEN s.conv IS NULL THEN coalesce(f.answered, CASE WHEN f.first_human_ms IS NOT NULL OR f.reply_lost = 1 THEN 1 ELSE 0 END)
    WHEN s.n_human > 0 THEN 1 ELSE 0 END AS replied,
  CASE WHEN s.conv IS NULL THEN CASE WHEN f.needs_human = 0 THEN 1 ELSE 0 END
    WHEN s.open_smart_rn IS NOT NULL AND s.opening_ms IS NOT NULL AND s.open_smart_rn > s.open_cust_rn AND s.n_cust = s.n_open_cust THEN 1
    ELSE 0 END AS smart_solved,
  coalesce(s.n_msg, 0) AS n_msg, coalesce(s.n_cust, 0) AS n_cust, coalesce(s.n_human, 0) AS n_human, coalesce(s.n_smart, 0) AS n_smart,
  coalesce(s.first_ms, f.start_ms) AS first_ms, coalesce(s.last_ms, f.first_human_ms, f.start_ms) AS last_ms,
  coalesce(s.first_close_ms, f.first_close_ms, a.first_close_ms) AS first_close_ms,
  coalesce(s.last_close_ms, f.close_ms, a.close_ms) AS last_close_ms,
  coalesce(s.n_close, 0) AS n_close, s.reopen_ms, s.close_rn, s.reopen_rn, coalesce(f.reopened, a.reopened) AS reopened,
  coalesce(f.handle_ms, e.handle_ms) AS handle_ms, CASE WHEN f.handle_ms IS NOT NULL THEN 1 ELSE 0 END AS handle_given,
  e.open_sum, e.n_said,
  coalesce(f.csat, a.csat) AS csat, coalesce(f.survey_sent, a.survey_sent) AS survey_sent,
  coalesce(f.resolved, a.resolved) AS resolved, coalesce(f.complaint, a.complaint) AS complaint,
  coalesce(f.complaint_solved, a.complaint_solved) AS complaint_solved,
  coalesce(t.n_transfers, f.transfers, a.transfers, CASE WHEN o.n_agents > 1 THEN o.n_agents - 1 WHEN s.n_human > 0 THEN 0
    WHEN s.conv IS NULL AND f.transfers_listed = 1 THEN 0 END) AS transfers,
  coalesce(f.is_call, 0) AS is_call, s.polite
FROM known
LEFT JOIN said AS s ON known.conv = s.conv
LEFT JOIN stage_conversations AS f ON known.conv = f.conv
LEFT JOIN stage_attributes AS a ON known.conv = a.conv
LEFT JOIN stage_assigned AS g ON known.conv = g.conv
LEFT JOIN stage_transfers AS t ON known.conv = t.conv
LEFT JOIN owners AS o ON known.conv = o.conv
LEFT JOIN effort AS e ON known.conv = e.conv
;
-- placed: closed and end follow from the clocks; a reopening after the last close means it is open again (in the order of the rows, as
-- both may bear the same stamp).
CREATE TABLE placed AS
SELECT joined.*,
  coalesce(last_close_ms, last_ms, start_ms) AS end_ms,
  CASE WHEN last_close_ms IS NULL THEN 0 WHEN n_close > 0 AND reopen_rn > close_rn THEN 0
    WHEN n_close = 0 AND reopen_ms > last_close_ms THEN 0 ELSE 1 END AS closed
FROM joined WHERE start_ms IS NOT NULL
;
-- follow: the same customer's next customer-started conversation, in any channel and with the same issue.
CREATE TABLE follow AS
SELECT conv,
  lead(start_ms) OVER (PARTITION BY cust ORDER BY start_ms, conv) AS next_ms,
  lead(start_ms) OVER (PARTITION BY cust, category ORDER BY start_ms, conv) AS next_issue_ms
FROM placed WHERE cust IS NOT NULL AND customer_started = 1
;
-- again: the first customer-started conversation strictly after a conversation's end, read backwards in time as a running minimum.
CREATE TABLE again AS
SELECT conv, after_ms FROM (
  SELECT conv, step,
    min(CASE WHEN step = 0 THEN t END) OVER (PARTITION BY cust ORDER BY t DESC, step DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS after_ms
  FROM (
    SELECT cust, conv, start_ms AS t, 0 AS step FROM placed WHERE cust IS NOT NULL AND customer_started = 1
    UNION ALL
    SELECT cust, conv, end_ms AS t, 1 AS step FROM placed WHERE cust IS NOT NULL AND customer_started = 1
  ) AS marks
) AS looked
WHERE step = 1
;
-- conversations: one row each, with every clock; no rule set has been asked yet.
CREATE TABLE conversations AS
SELECT p.conv, p.has_messages, p.cust, p.channel, p.language, p.category, p.priority, p.team, p.shift, p.order_id,
  p.assigned, p.owner_most, p.owner_first, p.owner_last, p.n_agents, p.start_ms, p.customer_started, p.holiday,
  p.first_human_ms, p.last_human_ms, p.first_smart_ms, p.greet_ms, p.replied, p.smart_solved, p.n_msg, p.n_cust, p.n_human, p.n_smart,
  p.first_ms, p.last_ms, p.first_close_ms, p.last_close_ms, p.n_close, p.reopened, p.end_ms, p.closed, p.handle_ms, p.handle_given, p.open_sum, p.n_said,
  p.csat, p.survey_sent, p.resolved, p.complaint, p.complaint_solved, p.transfers, p.is_call, p.polite,
  f.next_ms, f.next_issue_ms, g.after_ms,
  CAST((p.local_ms - mod(p.local_ms, 86400000)) / 86400000 AS INTEGER) AS local_day,
  CAST((mod(p.local_ms, 86400000) - mod(p.local_ms, 60000)) / 60000 AS INTEGER) AS local_minute
FROM (SELECT placed.*, {local(start_ms)} AS local_ms FROM placed) AS p
LEFT JOIN follow AS f ON p.conv = f.conv
LEFT JOIN again AS g ON p.conv = g.conv
;
