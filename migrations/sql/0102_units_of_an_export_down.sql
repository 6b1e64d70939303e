alter table exports drop column units;
