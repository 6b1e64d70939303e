alter function facts_of(uuid[], uuid[], interval) reset plan_cache_mode;
