-- Gives the facts. Changes nothing.
return facts(clock())
