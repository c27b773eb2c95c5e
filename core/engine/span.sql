-- Staging → first and last kept stamp of the whole log: messages, starts, replies, closes. Null where there is none; nullif keeps an
-- empty table's answer null on engines that would say 0.
SELECT min(lo_ms) AS first_ms, max(hi_ms) AS horizon_ms
FROM (
  SELECT min(nullif(sent, -1)) AS lo_ms, max(nullif(sent, -1)) AS hi_ms FROM stage_messages
  UNION ALL
  SELECT min(nullif(start_ms, -1)) AS lo_ms, max(nullif(start_ms, -1)) AS hi_ms FROM stage_conversations
  UNION ALL
  SELECT max(nullif(first_human_ms, -1)) AS lo_ms, max(nullif(first_human_ms, -1)) AS hi_ms FROM stage_conversations
  UNION ALL
  SELECT max(nullif(close_ms, -1)) AS lo_ms, max(nullif(close_ms, -1)) AS hi_ms FROM stage_conversations
  UNION ALL
  SELECT max(nullif(close_ms, -1)) AS lo_ms, max(nullif(close_ms, -1)) AS hi_ms FROM stage_attributes
) AS stamps
