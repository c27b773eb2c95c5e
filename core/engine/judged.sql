-- Facts × rule set → judged: one row per conversation with the 0/1 flags and clocks every measure sums.
-- A SELECT, never a table: sessions with different rules share the facts. {rules} is a SELECT of one row of integers.
-- Own is the clock and rate of a rule set that counts otherwise than the board does (no rows for those that count as it does).
-- Always true: answered + late + unanswered + pending + bot_resolved = conversations.
SELECT conv, cust, start_ms, agent, team, channel, language, category, shift, local_day, local_minute,
  base AS conversations, holiday_mode, agent_started, n_msg AS messages,
  bot_resolved, needs_human, answered, late, no_reply - pending AS unanswered, pending, bot_then_human,
  CASE WHEN own_rate = 1 THEN coalesce(own_hits, 0) WHEN smart_counts = 1 THEN answered + bot_resolved ELSE answered END AS responded,
  CASE WHEN own_rate = 1 THEN coalesce(own_of, 0) WHEN smart_counts = 1 THEN base - pending ELSE base - pending - bot_resolved END AS response_of,
  needs_human - pending AS human_of,
  CASE WHEN own_clock = 1 THEN CASE WHEN own_ms IS NOT NULL THEN 1 ELSE 0 END
    WHEN needs_human = 1 AND clock_ms IS NOT NULL THEN 1 ELSE 0 END AS first_response_n,
  CASE WHEN own_clock = 1 THEN own_ms WHEN needs_human = 1 THEN clock_ms END AS first_response_ms,
  CASE WHEN needs_human = 0 THEN NULL WHEN greet_ms - start_ms < clock_ms OR clock_ms IS NULL THEN greet_ms - start_ms ELSE clock_ms END AS greeted_ms,
  CASE WHEN needs_human = 1 AND clock_ms <= within_ms THEN 1 ELSE 0 END AS within_hit,
  CASE WHEN needs_human = 1 AND clock_ms IS NOT NULL THEN 1 ELSE 0 END AS clocked,
  CASE WHEN needs_human = 1 AND pending = 0 AND (clock_ms IS NOT NULL OR replied = 0) THEN 1 ELSE 0 END AS within_of,
  CASE WHEN base = 1 AND last_close_ms >= start_ms THEN last_close_ms - start_ms END AS resolution_ms,
  CASE WHEN base = 1 AND first_close_ms >= start_ms THEN first_close_ms - start_ms END AS first_resolution_ms,
  CASE WHEN n_human > 0 OR has_messages = 0 OR handle_given = 1 THEN handle_ms END AS effort_ms, handle_given,
  CASE WHEN replied = 1 THEN 1 ELSE 0 END AS handled,
  CASE fcr_rule WHEN 0 THEN CASE WHEN needs_human = 1 AND cust IS NOT NULL AND end_ms + fcr_ms <= horizon_ms THEN 1 ELSE 0 END
    WHEN 1 THEN CASE WHEN needs_human = 1 AND resolved IS NOT NULL THEN 1 ELSE 0 END
    WHEN 2 THEN CASE WHEN needs_human = 1 AND n_human > 0 THEN 1 ELSE 0 END
    WHEN 3 THEN CASE WHEN needs_human = 1 AND closed = 1 AND (has_messages = 1 OR reopened IS NOT NULL OR transfers IS NOT NULL) THEN 1 ELSE 0 END
    ELSE CASE WHEN needs_human = 1 AND closed = 1 THEN 1 ELSE 0 END END AS fcr_of,
  CASE fcr_rule WHEN 0 THEN CASE WHEN needs_human = 1 AND cust IS NOT NULL AND end_ms + fcr_ms <= horizon_ms
        AND (after_ms IS NULL OR after_ms > end_ms + fcr_ms) THEN 1 ELSE 0 END
    WHEN 1 THEN CASE WHEN needs_human = 1 AND resolved = 1 THEN 1 ELSE 0 END
    WHEN 2 THEN CASE WHEN needs_human = 1 AND n_human = 1 THEN 1 ELSE 0 END
    WHEN 3 THEN CASE WHEN needs_human = 1 AND closed = 1 AND (has_messages = 1 OR reopened IS NOT NULL OR transfers IS NOT NULL)
        AND n_close <= 1 AND coalesce(reopened, 0) = 0 AND n_agents <= 1 AND coalesce(transfers, 0) = 0 THEN 1 ELSE 0 END
    ELSE CASE WHEN needs_human = 1 AND closed = 1 AND last_close_ms - start_ms <= 900000 THEN 1 ELSE 0 END END AS fcr_hit,
  CASE WHEN base = 1 AND cust IS NOT NULL AND start_ms + repeat_ms <= horizon_ms AND (repeat_same_issue = 0 OR category IS NOT NULL)
    THEN 1 ELSE 0 END AS repeat_of,
  CASE WHEN base = 1 AND cust IS NOT NULL AND start_ms + repeat_ms <= horizon_ms AND (repeat_same_issue = 0 OR category IS NOT NULL)
    AND CASE WHEN repeat_same_issue = 1 THEN next_issue_ms ELSE next_ms END <= start_ms + repeat_ms THEN 1 ELSE 0 END AS repeat_hit,
  CASE WHEN base = 1 AND resolved IS NOT NULL THEN 1 ELSE 0 END AS resolved_of, CASE WHEN base = 1 AND resolved = 1 THEN 1 ELSE 0 END AS resolved_hit,
  CASE WHEN base = 1 AND resolved IS NOT NULL AND replied = 1 THEN 1 ELSE 0 END AS resolved_answered_of,
  CASE WHEN base = 1 AND resolved = 1 AND replied = 1 THEN 1 ELSE 0 END AS resolved_answered,
  CASE WHEN base = 1 AND replied = 1 AND transfers IS NOT NULL THEN 1 ELSE 0 END AS transfer_of,
  CASE WHEN base = 1 AND replied = 1 AND transfers > 0 THEN 1 ELSE 0 END AS transferred,
  CASE WHEN base = 1 THEN csat END AS rating, CASE WHEN bot_resolved = 1 THEN NULL ELSE agent END AS rated_agent,
  CASE WHEN base = 1 AND csat IS NOT NULL THEN 1 ELSE 0 END AS rated, CASE WHEN base = 1 AND csat >= 4 THEN 1 ELSE 0 END AS satisfied,
  askable AS could_be_rated, CASE WHEN askable = 1 AND csat IS NOT NULL THEN 1 ELSE 0 END AS rated_of_asked,
  base AS complaint_of, CASE WHEN base = 1 AND complaint = 1 THEN 1 ELSE 0 END AS complaints,
  CASE WHEN base = 1 AND complaint = 1 AND complaint_solved IS NOT NULL THEN 1 ELSE 0 END AS complaints_judged,
  CASE WHEN base = 1 AND complaint = 1 AND complaint_solved = 1 THEN 1 ELSE 0 END AS complaints_solved,
  CASE WHEN polite IS NOT NULL THEN 1 ELSE 0 END AS courtesy_of, CASE WHEN polite = 1 THEN 1 ELSE 0 END AS courteous
FROM (
  SELECT step.*,
    CASE WHEN needs_human = 1 AND replied = 1 AND (clock_ms IS NULL OR clock_ms <= window_ms) THEN 1 ELSE 0 END AS answered,
    CASE WHEN needs_human = 1 AND clock_ms > window_ms THEN 1 ELSE 0 END AS late,
    CASE WHEN needs_human = 1 AND replied = 0 THEN 1 ELSE 0 END AS no_reply,
    CASE WHEN needs_human = 1 AND replied = 0 AND closed = 0 AND is_call = 0 AND horizon_ms - start_ms < window_ms THEN 1 ELSE 0 END AS pending,
    CASE WHEN bot_resolved = 1 AND replied = 1 THEN 1 ELSE 0 END AS bot_then_human,
    CASE WHEN base = 0 OR bot_resolved = 1 THEN 0 WHEN survey_sent IS NOT NULL THEN survey_sent
      WHEN closed = 1 OR horizon_ms - start_ms >= window_ms THEN 1 ELSE 0 END AS askable
  FROM (
    SELECT c.*, r.*, d.own_of, d.own_hits, d.own_ms,
      CASE r.owner_rule WHEN 1 THEN coalesce(c.owner_first, c.assigned) WHEN 2 THEN coalesce(c.owner_last, c.assigned)
        WHEN 3 THEN coalesce(c.owner_most, c.assigned) ELSE coalesce(c.assigned, c.owner_most) END AS agent,
      CASE WHEN c.customer_started = 1 AND c.holiday = 0 THEN 1 ELSE 0 END AS base,
      CASE WHEN c.customer_started = 1 AND c.holiday = 1 THEN 1 ELSE 0 END AS holiday_mode,
      1 - c.customer_started AS agent_started,
      CASE WHEN c.customer_started = 1 AND c.holiday = 0 THEN c.smart_solved ELSE 0 END AS bot_resolved,
      CASE WHEN c.customer_started = 1 AND c.holiday = 0 THEN 1 - c.smart_solved ELSE 0 END AS needs_human,
      CASE WHEN c.first_human_ms >= c.start_ms THEN c.first_human_ms - c.start_ms END AS clock_ms
    FROM conversations AS c CROSS JOIN ({rules}) AS r LEFT JOIN ({own}) AS d ON c.conv = d.own_conv
  ) AS step
) AS marked
