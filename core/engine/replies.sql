-- Turns after the first human reply → sums per agent who answered × local day × …; an open turn has no reply.
SELECT agent, local_day, CAST((local_minute - mod(local_minute, 60)) / 60 AS INTEGER) AS local_hour, channel, language, category, team, shift,
  CAST(count(reply_ms) AS INTEGER) AS sum_reply_n, CAST(coalesce(sum(reply_ms), 0) AS BIGINT) AS sum_reply_ms, CAST(count(*) AS INTEGER) AS sum_turns
FROM ({turns}) AS answered
GROUP BY agent, local_day, CAST((local_minute - mod(local_minute, 60)) / 60 AS INTEGER), channel, language, category, team, shift
-- in a fixed order, as in cube.sql
ORDER BY agent, local_day, local_hour, channel, language, category, team, shift
