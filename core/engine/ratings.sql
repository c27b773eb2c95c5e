-- Judged → ratings: sums per agent × local day × … over rated conversations. A rating of a conversation that the bot solved counts for
-- the shop and for no agent.
SELECT rated_agent AS agent, local_day, CAST((local_minute - mod(local_minute, 60)) / 60 AS INTEGER) AS local_hour, channel, language, category, team, shift,
  CAST(sum(rated) AS BIGINT) AS sum_rated, CAST(sum(satisfied) AS BIGINT) AS sum_satisfied, sum(rating) AS sum_csat_sum
FROM ({judged}) AS judged
WHERE rated = 1
GROUP BY rated_agent, local_day, CAST((local_minute - mod(local_minute, 60)) / 60 AS INTEGER), channel, language, category, team, shift
ORDER BY agent, local_day, local_hour, channel, language, category, team, shift
