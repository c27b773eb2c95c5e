-- Judged → cube: counts and sums per agent × local day × hour × channel × language × category × team × shift. Sums pool exactly.
-- Outputs are called sum_… so that no alias equals a column read (some engines resolve aliases first). {judged} is judged.sql.
-- A sum over nothing is 0 and its n says so: a null cannot be cast everywhere.
-- Flags are counted, not summed: half the state per cell. Responses are summed: some rule sets count several in a conversation.
SELECT agent, local_day, CAST((local_minute - mod(local_minute, 60)) / 60 AS INTEGER) AS local_hour, channel, language, category, team, shift,
  CAST(count(CASE WHEN conversations = 1 THEN 1 END) AS INTEGER) AS sum_conversations, CAST(sum(messages) AS INTEGER) AS sum_messages,
  CAST(count(CASE WHEN holiday_mode = 1 THEN 1 END) AS INTEGER) AS sum_holiday_mode,
  CAST(count(CASE WHEN agent_started = 1 THEN 1 END) AS INTEGER) AS sum_agent_started,
  CAST(count(CASE WHEN bot_resolved = 1 THEN 1 END) AS INTEGER) AS sum_bot_resolved,
  CAST(count(CASE WHEN needs_human = 1 THEN 1 END) AS INTEGER) AS sum_needs_human,
  CAST(count(CASE WHEN answered = 1 THEN 1 END) AS INTEGER) AS sum_answered, CAST(count(CASE WHEN late = 1 THEN 1 END) AS INTEGER) AS sum_late,
  CAST(count(CASE WHEN unanswered = 1 THEN 1 END) AS INTEGER) AS sum_unanswered,
  CAST(count(CASE WHEN pending = 1 THEN 1 END) AS INTEGER) AS sum_pending,
  CAST(count(CASE WHEN bot_then_human = 1 THEN 1 END) AS INTEGER) AS sum_bot_then_human,
  CAST(sum(responded) AS INTEGER) AS sum_responded,
  CAST(sum(response_of) AS INTEGER) AS sum_response_of,
  CAST(count(CASE WHEN human_of = 1 THEN 1 END) AS INTEGER) AS sum_human_of,
  CAST(count(CASE WHEN first_response_n = 1 THEN 1 END) AS INTEGER) AS sum_first_response_n,
  CAST(coalesce(sum(first_response_ms), 0) AS BIGINT) AS sum_first_response_ms, CAST(count(greeted_ms) AS INTEGER) AS sum_greeted_n,
  CAST(coalesce(sum(greeted_ms), 0) AS BIGINT) AS sum_greeted_ms, CAST(count(CASE WHEN within_hit = 1 THEN 1 END) AS INTEGER) AS sum_within,
  CAST(count(CASE WHEN clocked = 1 THEN 1 END) AS INTEGER) AS sum_clocked,
  CAST(count(CASE WHEN within_of = 1 THEN 1 END) AS INTEGER) AS sum_within_of, CAST(count(resolution_ms) AS INTEGER) AS sum_resolution_n,
  CAST(coalesce(sum(resolution_ms), 0) AS BIGINT) AS sum_resolution_ms, CAST(count(first_resolution_ms) AS INTEGER) AS sum_first_resolution_n,
  CAST(coalesce(sum(first_resolution_ms), 0) AS BIGINT) AS sum_first_resolution_ms, CAST(count(effort_ms) AS INTEGER) AS sum_handle_n,
  CAST(coalesce(sum(effort_ms), 0) AS BIGINT) AS sum_handle_ms, CAST(count(CASE WHEN handle_given = 1 THEN 1 END) AS INTEGER) AS sum_handle_given,
  CAST(count(CASE WHEN handled = 1 THEN 1 END) AS INTEGER) AS sum_handled, CAST(count(CASE WHEN fcr_of = 1 THEN 1 END) AS INTEGER) AS sum_fcr_of,
  CAST(count(CASE WHEN fcr_hit = 1 THEN 1 END) AS INTEGER) AS sum_fcr_hits,
  CAST(count(CASE WHEN repeat_of = 1 THEN 1 END) AS INTEGER) AS sum_repeat_of,
  CAST(count(CASE WHEN repeat_hit = 1 THEN 1 END) AS INTEGER) AS sum_repeat_hits,
  CAST(count(CASE WHEN resolved_of = 1 THEN 1 END) AS INTEGER) AS sum_resolved_of,
  CAST(count(CASE WHEN resolved_hit = 1 THEN 1 END) AS INTEGER) AS sum_resolved,
  CAST(count(CASE WHEN resolved_answered_of = 1 THEN 1 END) AS INTEGER) AS sum_resolved_answered_of,
  CAST(count(CASE WHEN resolved_answered = 1 THEN 1 END) AS INTEGER) AS sum_resolved_answered,
  CAST(count(CASE WHEN transfer_of = 1 THEN 1 END) AS INTEGER) AS sum_transfer_of,
  CAST(count(CASE WHEN transferred = 1 THEN 1 END) AS INTEGER) AS sum_transferred,
  CAST(count(CASE WHEN could_be_rated = 1 THEN 1 END) AS INTEGER) AS sum_could_be_rated,
  CAST(count(CASE WHEN rated_of_asked = 1 THEN 1 END) AS INTEGER) AS sum_rated_of_asked,
  CAST(count(CASE WHEN complaint_of = 1 THEN 1 END) AS INTEGER) AS sum_complaint_of,
  CAST(count(CASE WHEN complaints = 1 THEN 1 END) AS INTEGER) AS sum_complaints,
  CAST(count(CASE WHEN complaints_judged = 1 THEN 1 END) AS INTEGER) AS sum_complaints_judged,
  CAST(count(CASE WHEN complaints_solved = 1 THEN 1 END) AS INTEGER) AS sum_complaints_solved,
  CAST(count(CASE WHEN courtesy_of = 1 THEN 1 END) AS INTEGER) AS sum_courtesy_of,
  CAST(count(CASE WHEN courteous = 1 THEN 1 END) AS INTEGER) AS sum_courteous
FROM ({judged}) AS judged
GROUP BY agent, local_day, CAST((local_minute - mod(local_minute, 60)) / 60 AS INTEGER), channel, language, category, team, shift
-- in a fixed order: seconds are fractions, and their sum depends on it in the last digit
ORDER BY agent, local_day, local_hour, channel, language, category, team, shift
