-- Judged → cube: counts and sums per agent × local day × hour × channel × language × category × team × shift. Sums pool exactly.
-- Outputs are called sum_… so that no alias equals a column read (some engines resolve aliases first). {judged} is judged.sql.
SELECT agent, local_day, CAST((local_minute - mod(local_minute, 60)) / 60 AS INTEGER) AS local_hour, channel, language, category, team, shift,
  CAST(sum(conversations) AS BIGINT) AS sum_conversations, CAST(sum(messages) AS BIGINT) AS sum_messages,
  CAST(sum(holiday_mode) AS BIGINT) AS sum_holiday_mode, CAST(sum(agent_started) AS BIGINT) AS sum_agent_started,
  CAST(sum(bot_resolved) AS BIGINT) AS sum_bot_resolved, CAST(sum(needs_human) AS BIGINT) AS sum_needs_human,
  CAST(sum(answered) AS BIGINT) AS sum_answered, CAST(sum(late) AS BIGINT) AS sum_late, CAST(sum(unanswered) AS BIGINT) AS sum_unanswered,
  CAST(sum(pending) AS BIGINT) AS sum_pending, CAST(sum(bot_then_human) AS BIGINT) AS sum_bot_then_human,
  CAST(sum(responded) AS BIGINT) AS sum_responded, CAST(sum(response_of) AS BIGINT) AS sum_response_of, CAST(sum(human_of) AS BIGINT) AS sum_human_of,
  CAST(sum(first_response_n) AS BIGINT) AS sum_first_response_n, CAST(sum(first_response_ms) AS BIGINT) AS sum_first_response_ms,
  CAST(count(greeted_ms) AS BIGINT) AS sum_greeted_n, CAST(sum(greeted_ms) AS BIGINT) AS sum_greeted_ms,
  CAST(sum(within_hit) AS BIGINT) AS sum_within, CAST(sum(within_of) AS BIGINT) AS sum_within_of,
  CAST(count(resolution_ms) AS BIGINT) AS sum_resolution_n, CAST(sum(resolution_ms) AS BIGINT) AS sum_resolution_ms,
  CAST(count(first_resolution_ms) AS BIGINT) AS sum_first_resolution_n, CAST(sum(first_resolution_ms) AS BIGINT) AS sum_first_resolution_ms,
  CAST(count(effort_ms) AS BIGINT) AS sum_handle_n, CAST(sum(effort_ms) AS BIGINT) AS sum_handle_ms, CAST(sum(handle_given) AS BIGINT) AS sum_handle_given,
  CAST(sum(handled) AS BIGINT) AS sum_handled,
  CAST(sum(fcr_of) AS BIGINT) AS sum_fcr_of, CAST(sum(fcr_hit) AS BIGINT) AS sum_fcr_hits,
  CAST(sum(repeat_of) AS BIGINT) AS sum_repeat_of, CAST(sum(repeat_hit) AS BIGINT) AS sum_repeat_hits,
  CAST(sum(resolved_of) AS BIGINT) AS sum_resolved_of, CAST(sum(resolved_hit) AS BIGINT) AS sum_resolved,
  CAST(sum(resolved_answered_of) AS BIGINT) AS sum_resolved_answered_of, CAST(sum(resolved_answered) AS BIGINT) AS sum_resolved_answered,
  CAST(sum(transfer_of) AS BIGINT) AS sum_transfer_of, CAST(sum(transferred) AS BIGINT) AS sum_transferred,
  CAST(sum(could_be_rated) AS BIGINT) AS sum_could_be_rated, CAST(sum(rated_of_asked) AS BIGINT) AS sum_rated_of_asked,
  CAST(sum(complaint_of) AS BIGINT) AS sum_complaint_of, CAST(sum(complaints) AS BIGINT) AS sum_complaints,
  CAST(sum(complaints_judged) AS BIGINT) AS sum_complaints_judged, CAST(sum(complaints_solved) AS BIGINT) AS sum_complaints_solved,
  CAST(sum(courtesy_of) AS BIGINT) AS sum_courtesy_of, CAST(sum(courteous) AS BIGINT) AS sum_courteous
FROM ({judged}) AS judged
GROUP BY agent, local_day, CAST((local_minute - mod(local_minute, 60)) / 60 AS INTEGER), channel, language, category, team, shift
