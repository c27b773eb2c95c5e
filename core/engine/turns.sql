-- Judged × turns → one row per turn after the first human reply, with the dimensions of its conversation and the agent who answered.
SELECT t.agent AS agent, j.local_day, j.local_minute, j.channel, j.language, j.category, j.team, j.shift,
  CASE WHEN t.answer_ms IS NOT NULL THEN t.answer_ms - t.ask_ms END AS reply_ms
FROM turns AS t JOIN ({judged}) AS j ON t.conv = j.conv
WHERE t.turn_no > 0 AND j.conversations = 1
