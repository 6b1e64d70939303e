drop function numbers_in(text[]);
drop policy judge_sees_all on search_terms;
revoke select on search_terms from loanfile_judge;
