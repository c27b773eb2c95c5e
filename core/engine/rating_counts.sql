-- Judged → how often each rating was given, per agent × local day × … : what the median of ratings is taken from elsewhere.
SELECT rated_agent AS agent, local_day, CAST((local_minute - mod(local_minute, 60)) / 60 AS INTEGER) AS local_hour, channel, language, category, team, shift,
  rating AS stars, CAST(count(*) AS BIGINT) AS seen
FROM ({judged}) AS judged
WHERE rating IS NOT NULL
GROUP BY rated_agent, local_day, CAST((local_minute - mod(local_minute, 60)) / 60 AS INTEGER), channel, language, category, team, shift, rating
