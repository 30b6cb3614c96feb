-- Back to the tables of 0.1.0: only the record of restores is lost, not what was restored.
drop table restored;
