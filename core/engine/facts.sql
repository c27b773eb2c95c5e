-- Messages → facts. One statement a step; steps are split at lines that hold only a semicolon.
-- Dialect-free subset: integers, 0/1 flags, CASE, equi-joins, row_number/lag/lead/count/sum/min/max. No zones, no intervals.
-- Staging (made by the adapter): stage_messages, stage_attributes, stage_assigned, stage_conversations, stage_transfers.
-- Kinds of messages: 1 customer, 2 human agent, 3 an agent's canned greeting, 4 smart (bot or FAQ answer), 5 smart but written by the
-- system, 6 any other message, 7 close, 8 reopen, 0 other events.
-- Times are UTC milliseconds; {local(x)} is x as shop wall-clock milliseconds (a CASE over the zone's offsets).

-- numbered: messages in order, with the number of human messages so far (h) and of customer messages so far (n_asked). Segment 0 is what
-- came before the first human message; segment h starts with the h-th human message. Asks, answers, turns and effort follow from it.
CREATE TABLE numbered AS
SELECT conv, kind, sent, m_cust, m_channel, m_language, m_agent, m_polite,
  CAST(sum(CASE WHEN kind = 2 THEN 1 ELSE 0 END) OVER (PARTITION BY conv ORDER BY sent, seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS INTEGER) AS h,
  CAST(sum(CASE WHEN kind = 1 THEN 1 ELSE 0 END) OVER (PARTITION BY conv ORDER BY sent, seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS INTEGER) AS n_asked,
  CAST(row_number() OVER (PARTITION BY conv ORDER BY sent, seq) AS INTEGER) AS rn
FROM stage_messages
;
-- said: one row per conversation that has messages. Before the first human message: who asked (opening_ms), and how many asks lie before
-- the last smart message. The first greeting after an ask. Whether a reopening came after the last close (both may bear the same stamp).
CREATE TABLE said AS
SELECT conv, CAST(1 AS SMALLINT) AS found, max(m_cust) AS cust, max(m_channel) AS channel, max(m_language) AS any_language,
  max(CASE WHEN kind = 1 THEN m_language END) AS ask_language, max(CASE WHEN kind = 1 AND h = 0 THEN m_language END) AS first_language,
  max(CASE WHEN kind = 2 THEN m_polite END) AS polite,
  CAST(count(CASE WHEN kind = 1 THEN 1 END) AS INTEGER) AS n_cust, CAST(max(h) AS INTEGER) AS n_human,
  CAST(count(CASE WHEN kind IN (4, 5) THEN 1 END) AS INTEGER) AS n_smart,
  CAST(count(CASE WHEN kind IN (1, 2, 3, 4, 6) THEN 1 END) AS INTEGER) AS n_msg,
  max(CASE WHEN kind IN (4, 5) AND h = 0 THEN n_asked END) AS n_smart_asked,
  min(CASE WHEN kind IN (1, 2, 3, 4, 6) THEN sent END) AS first_ms, max(CASE WHEN kind IN (1, 2, 3, 4, 6) THEN sent END) AS last_ms,
  min(CASE WHEN kind = 1 AND h = 0 THEN sent END) AS opening_ms,
  min(CASE WHEN kind = 2 THEN sent END) AS first_human_ms, max(CASE WHEN kind = 2 THEN sent END) AS last_human_ms,
  min(CASE WHEN kind IN (4, 5) THEN sent END) AS first_smart_ms, min(CASE WHEN kind IN (2, 3, 4, 5, 6) AND n_asked > 0 THEN sent END) AS any_reply_ms,
  min(CASE WHEN kind = 2 AND h = 2 THEN sent END) AS second_human_ms, max(CASE WHEN kind IN (4, 5, 6) AND h = 0 AND n_asked > 0 THEN sent END) AS handed_ms,
  min(CASE WHEN kind = 3 AND n_asked > 0 THEN sent END) AS greet_ms,
  min(CASE WHEN kind = 7 THEN sent END) AS first_close_ms, max(CASE WHEN kind = 7 THEN sent END) AS last_close_ms,
  CAST(count(CASE WHEN kind = 7 THEN 1 END) AS INTEGER) AS n_close, max(CASE WHEN kind = 8 THEN sent END) AS reopen_ms,
  max(CASE WHEN kind = 8 AND h = 0 THEN sent END) AS early_reopen_ms,
  CASE WHEN max(CASE WHEN kind = 8 THEN rn END) > max(CASE WHEN kind = 7 THEN rn END) THEN 1 ELSE 0 END AS reopened_last
FROM numbered GROUP BY conv
;
-- asks: the first customer message of each segment. humans: the human message each segment but 0 begins with.
CREATE TABLE asks AS
SELECT conv, h, CAST(1 AS SMALLINT) AS found, min(sent) AS ask_ms FROM numbered WHERE kind = 1 GROUP BY conv, h
;
CREATE TABLE humans AS
SELECT conv, h, CAST(1 AS SMALLINT) AS found, sent AS human_ms, m_agent AS agent FROM numbered WHERE kind = 2
;
DROP TABLE numbered
;
-- turns: one row per ask–answer turn. A turn runs from the first customer message after the last human message to the next human
-- message; turn 0 is the first response. answer_ms is null while the turn is open.
CREATE TABLE turns AS
SELECT q.conv AS conv, q.h AS turn_no, q.ask_ms AS ask_ms, CASE WHEN r.found = 1 THEN r.human_ms END AS answer_ms, CASE WHEN r.found = 1 THEN r.agent END AS agent
FROM asks AS q LEFT JOIN humans AS r ON q.conv = r.conv AND q.h + 1 = r.h
;
-- spoken: one row per human message with the gap to what it follows: the later of the agent's own last message in the conversation
-- and the ask it answers; at most five minutes of it is effort.
CREATE TABLE spoken AS
SELECT conv, h, agent, human_ms,
  CAST(CASE WHEN since_ms IS NULL THEN 0 WHEN human_ms - since_ms > 300000 THEN 300000 ELSE human_ms - since_ms END AS INTEGER) AS gap_ms
FROM (
  SELECT conv, h, agent, human_ms,
    CASE WHEN own_ms IS NULL THEN ask_ms WHEN ask_ms IS NULL THEN own_ms WHEN own_ms > ask_ms THEN own_ms ELSE ask_ms END AS since_ms
  FROM (
    SELECT r.conv AS conv, r.h AS h, r.agent AS agent, r.human_ms AS human_ms, CASE WHEN q.found = 1 THEN q.ask_ms END AS ask_ms,
      lag(nullif(r.human_ms, -1)) OVER (PARTITION BY r.conv, r.agent ORDER BY r.h) AS own_ms
    FROM humans AS r LEFT JOIN asks AS q ON r.conv = q.conv AND r.h - 1 = q.h
  ) AS back
) AS since
;
DROP TABLE asks
;
DROP TABLE humans
;
-- agents: one row per conversation and person who wrote in it, with the conversation's first and last message: the yardstick of concurrency.
CREATE TABLE agents AS
SELECT w.conv AS conv, w.agent, w.n_said, w.from_h, w.to_h, s.first_ms, s.last_ms
FROM (
  SELECT conv, agent, CAST(count(*) AS INTEGER) AS n_said, min(h) AS from_h, max(h) AS to_h
  FROM spoken WHERE agent IS NOT NULL GROUP BY conv, agent
) AS w JOIN said AS s ON w.conv = s.conv
;
-- effort: Σ gap / number of the agent's conversations open at that moment (starts before, ends after: +1, then messages, then −1).
-- Each part is rounded to a millionth of a millisecond, in whole numbers, so that the sum is the same in whatever order it is added and
-- on whatever engine: (2a + n − mod(2a + n, 2n)) / 2n is a / n rounded half up.
CREATE TABLE effort AS
SELECT conv, CAST((nano + 500000 - mod(nano + 500000, 1000000)) / 1000000 AS BIGINT) AS handle_ms, open_sum, n_said
FROM (
  SELECT conv, CAST(sum(CAST((twice - mod(twice, 2 * shared_by)) / (2 * shared_by) AS BIGINT)) AS BIGINT) AS nano,
    CAST(sum(shared_by) AS INTEGER) AS open_sum, CAST(count(*) AS INTEGER) AS n_said
  FROM (
    SELECT conv, shared_by, CAST(gap_ms AS BIGINT) * 2000000 + shared_by AS twice
    FROM (
      SELECT conv, step, gap_ms, CASE WHEN open_now > 0 THEN open_now ELSE 1 END AS shared_by
      FROM (
        SELECT conv, step, gap_ms,
          CAST(sum(change) OVER (PARTITION BY agent ORDER BY t, step ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS INTEGER) AS open_now
        FROM (
          SELECT agent, conv, first_ms AS t, CAST(0 AS SMALLINT) AS step, CAST(1 AS SMALLINT) AS change, 0 AS gap_ms FROM agents
          UNION ALL
          SELECT agent, conv, last_ms AS t, CAST(2 AS SMALLINT) AS step, CAST(-1 AS SMALLINT) AS change, 0 AS gap_ms FROM agents
          UNION ALL
          SELECT agent, conv, human_ms AS t, CAST(1 AS SMALLINT) AS step, CAST(0 AS SMALLINT) AS change, gap_ms FROM spoken
        ) AS moves
      ) AS counted
    ) AS open_ones
    WHERE step = 1
  ) AS parts
  GROUP BY conv
) AS summed
;
-- activity: which agent was seen writing in which five minutes of which local day.
CREATE TABLE activity AS
SELECT DISTINCT agent, CAST((local_ms - mod(local_ms, 300000)) / 300000 AS BIGINT) AS slot_no
FROM (SELECT agent, {local(human_ms)} AS local_ms FROM spoken WHERE agent IS NOT NULL) AS placed
;
DROP TABLE spoken
;
-- owners: by most human messages (tie: the earliest), by first, by last; n_agents and hand-overs seen in the messages.
CREATE TABLE owners AS
SELECT conv,
  max(CASE WHEN by_most = 1 THEN agent END) AS owner_most, max(CASE WHEN by_first = 1 THEN agent END) AS owner_first,
  max(CASE WHEN by_last = 1 THEN agent END) AS owner_last, CAST(count(*) AS INTEGER) AS n_agents
FROM (
  SELECT conv, agent,
    row_number() OVER (PARTITION BY conv ORDER BY n_said DESC, from_h) AS by_most,
    row_number() OVER (PARTITION BY conv ORDER BY from_h) AS by_first,
    row_number() OVER (PARTITION BY conv ORDER BY to_h DESC) AS by_last
  FROM agents
) AS ranked
GROUP BY conv
;
DROP TABLE agents
;
-- known: every conversation, from messages, from the conversation file, or from both.
CREATE TABLE known AS
SELECT conv FROM said UNION DISTINCT SELECT conv FROM stage_conversations
;
-- placed: whose it is, when it began and ended. Messages win for clocks. A reopening after the last close means it is open again
-- (in the order of the rows, as both may bear the same stamp).
CREATE TABLE placed AS
SELECT conv, has_messages, cust, category, customer_started, start_ms, last_ms, last_close_ms, coalesce(last_close_ms, last_ms, start_ms) AS end_ms,
  CAST(CASE WHEN last_close_ms IS NULL THEN 0 WHEN n_close > 0 AND reopened_last = 1 THEN 0
    WHEN n_close = 0 AND reopen_ms > last_close_ms THEN 0 ELSE 1 END AS SMALLINT) AS closed
FROM (
  SELECT known.conv AS conv, CAST(CASE WHEN s.found = 1 THEN 1 ELSE 0 END AS SMALLINT) AS has_messages, coalesce(s.cust, f.cust) AS cust, coalesce(f.category, a.category) AS category,
    CAST(CASE WHEN coalesce(s.n_msg, 0) = 0 THEN coalesce(f.customer_started, 1) WHEN s.opening_ms IS NOT NULL THEN 1 ELSE 0 END AS SMALLINT) AS customer_started,
    coalesce(s.opening_ms, s.first_ms, f.start_ms) AS start_ms,
    coalesce(s.last_ms, f.first_human_ms, f.start_ms) AS last_ms,
    coalesce(s.last_close_ms, f.close_ms, a.close_ms) AS last_close_ms, s.reopen_ms AS reopen_ms,
    coalesce(s.n_close, 0) AS n_close, s.reopened_last AS reopened_last
  FROM known
  LEFT JOIN said AS s ON known.conv = s.conv
  LEFT JOIN stage_conversations AS f ON known.conv = f.conv
  LEFT JOIN stage_attributes AS a ON known.conv = a.conv
) AS clocks
WHERE start_ms IS NOT NULL
;
DROP TABLE known
;
-- follow: the same customer's next customer-started conversation, in any channel and with the same issue.
CREATE TABLE follow AS
SELECT conv,
  lead(nullif(start_ms, -1)) OVER (PARTITION BY cust ORDER BY start_ms, conv) AS next_ms,
  lead(nullif(start_ms, -1)) OVER (PARTITION BY cust, category ORDER BY start_ms, conv) AS next_issue_ms
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
-- conversations: one row each, with every clock; what messages and file say, side by side: messages win for clocks, the file for what only
-- it knows. No rule set has been asked yet.
CREATE TABLE conversations AS
SELECT p.conv AS conv, p.has_messages AS has_messages, p.cust AS cust, coalesce(s.channel, f.channel) AS channel,
  coalesce(f.language, s.first_language, s.ask_language, s.any_language) AS language,
  p.category AS category, coalesce(f.priority, a.priority) AS priority,
  coalesce(f.team, a.team) AS team, coalesce(f.shift, a.shift) AS shift, coalesce(f.order_id, a.order_id) AS order_id,
  coalesce(g.agent, f.assigned, a.assigned) AS assigned,
  w.owner_most, w.owner_first, w.owner_last, coalesce(w.n_agents, 0) AS n_agents, p.start_ms AS start_ms,
  p.customer_started AS customer_started,
  CAST(coalesce(f.holiday, a.holiday, 0) AS SMALLINT) AS holiday,
  CASE WHEN p.has_messages = 1 THEN s.first_human_ms ELSE f.first_human_ms END AS first_human_ms,
  CASE WHEN p.has_messages = 1 THEN s.last_human_ms ELSE f.first_human_ms END AS last_human_ms,
  s.first_smart_ms, CASE WHEN s.greet_ms >= s.opening_ms THEN s.greet_ms END AS greet_ms,
  CASE WHEN p.has_messages = 1 THEN s.any_reply_ms ELSE f.first_human_ms END AS any_reply_ms, s.second_human_ms, s.handed_ms, s.early_reopen_ms,
  CAST(CASE WHEN p.has_messages = 1 THEN CASE WHEN s.n_human > 0 THEN 1 ELSE 0 END
    ELSE coalesce(f.answered, CASE WHEN f.first_human_ms IS NOT NULL OR f.reply_lost = 1 THEN 1 ELSE 0 END) END AS SMALLINT) AS replied,
  CAST(CASE WHEN p.has_messages = 1 THEN CASE WHEN s.opening_ms IS NOT NULL AND s.n_smart_asked = s.n_cust THEN 1 ELSE 0 END
    WHEN f.needs_human = 0 THEN 1 ELSE 0 END AS SMALLINT) AS smart_solved,
  coalesce(s.n_msg, 0) AS n_msg, coalesce(s.n_cust, 0) AS n_cust, coalesce(s.n_human, 0) AS n_human, coalesce(s.n_smart, 0) AS n_smart,
  coalesce(s.first_ms, f.start_ms) AS first_ms, p.last_ms AS last_ms,
  coalesce(s.first_close_ms, f.first_close_ms, a.first_close_ms) AS first_close_ms, p.last_close_ms AS last_close_ms, coalesce(s.n_close, 0) AS n_close,
  coalesce(f.reopened, a.reopened) AS reopened, p.end_ms, p.closed,
  coalesce(f.handle_ms, CASE WHEN e.n_said > 0 THEN e.handle_ms END) AS handle_ms, CAST(CASE WHEN f.handle_ms IS NOT NULL THEN 1 ELSE 0 END AS SMALLINT) AS handle_given,
  nullif(e.open_sum, 0) AS open_sum, nullif(e.n_said, 0) AS n_said,
  coalesce(f.csat, a.csat) AS csat, coalesce(f.survey_sent, a.survey_sent) AS survey_sent,
  coalesce(f.resolved, a.resolved) AS resolved, coalesce(f.complaint, a.complaint) AS complaint,
  coalesce(f.complaint_solved, a.complaint_solved) AS complaint_solved,
  nullif(CAST(coalesce(nullif(t.n_transfers, 0), f.transfers, a.transfers, CASE WHEN w.n_agents > 1 THEN w.n_agents - 1 WHEN s.n_human > 0 THEN 0
    WHEN p.has_messages = 0 AND f.transfers_listed = 1 THEN 0 END, -1) AS SMALLINT), -1) AS transfers,
  CAST(coalesce(f.is_call, 0) AS SMALLINT) AS is_call, s.polite, n.next_ms, n.next_issue_ms, b.after_ms,
  CAST((p.local_ms - mod(p.local_ms, 86400000)) / 86400000 AS INTEGER) AS local_day,
  CAST((mod(p.local_ms, 86400000) - mod(p.local_ms, 60000)) / 60000 AS SMALLINT) AS local_minute
FROM (SELECT placed.*, {local(start_ms)} AS local_ms FROM placed) AS p
LEFT JOIN said AS s ON p.conv = s.conv
LEFT JOIN stage_conversations AS f ON p.conv = f.conv
LEFT JOIN stage_attributes AS a ON p.conv = a.conv
LEFT JOIN stage_assigned AS g ON p.conv = g.conv
LEFT JOIN stage_transfers AS t ON p.conv = t.conv
LEFT JOIN owners AS w ON p.conv = w.conv
LEFT JOIN effort AS e ON p.conv = e.conv
LEFT JOIN follow AS n ON p.conv = n.conv
LEFT JOIN again AS b ON p.conv = b.conv
;
DROP TABLE said
;
DROP TABLE placed
;
DROP TABLE owners
;
DROP TABLE effort
;
DROP TABLE follow
;
DROP TABLE again
;
