-- Forgets what was revoked longer ago than is asked, and than nodes have agreed on; all else
-- expires by itself. How much; and whether there may be more.
local gone = trim(now - math.max(number(ask, 'purge_keep'), tonumber(ask.keep)))
return {gone, gone == AT_ONCE and 1 or 0}
