# embed.awk - makes C strings of the page's files: awk -f embed.awk status.css status.js
#
# status.css becomes status_style, status.js status_script. Indentation and lines that are only comments stay behind.

function begin(name)
{
	end()
	printf "\nconst char %s[] =\n", name
	open = 1
}

function end()
{
	if (open)
		print "    \"\";"
	open = 0
}

BEGIN {
	print "/* Made by embed.awk: change what it was made of. */"
	print "#include \"handler/status_write.h\""
}

FNR == 1 {
	begin(FILENAME ~ /\.css$/ ? "status_style" : "status_script")
	comment = 0
}

/^[ \t]*\/\*/ { comment = 1 }

!comment {
	sub(/^[ \t]+/, "")
	gsub(/\\/, "\\\\")
	gsub(/"/, "\\\"")
	if (length($0) > 0 && $0 !~ /^\/\//)
		print "    \"" $0 "\\n\""
}

/\*\/[ \t]*$/ { comment = 0 }

END { end() }
